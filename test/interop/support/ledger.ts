import {
  decodeEntry,
  parseVerifierKey,
  verifyExport,
  type EntryHeader,
  type ExportVerdict,
} from '@countersign/chain';
import type { Installation } from './installation.js';
import type { Answer, Person } from './person.js';
import { until } from './until.js';

/** An entry as the API shows it, and its decoded canonical bytes. */
export interface LedgerEntry {
  readonly sequence: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly basis: string;
  readonly actor: { readonly id: string; readonly kind: string; readonly basis: string };
  readonly payload: { readonly data: Readonly<Record<string, Answer>> };
  readonly canonical: string;
  readonly evidence: { readonly mediaType: string; readonly bytes: string } | null;
}

interface Checkpoint {
  readonly origin: string;
  readonly size: string;
  readonly rootHash: string;
  readonly note: string;
}

/** A whole ledger, read through the API. */
export interface Ledger {
  readonly checkpoint: Checkpoint;
  readonly entries: readonly LedgerEntry[];
}

const PAGE = 50;
const ENTRIES = `query ($from: Sequence!, $to: Sequence!) {
  entries(filter: { fromSequence: $from, toSequence: $to }, first: ${PAGE}) { nodes {
    sequence id type source subject basis actor { id kind basis } occurredAt recordedAt
    previousHash leafHash canonical payload payloadCanonical payloadDigest evidenceDigest
    disclosures { path salt value dataSubject } evidence { salt mediaType bytes } } } }`;

/** Entries of the caller's tenant so far. */
export async function ledgerSize(person: Person): Promise<number> {
  const { entries } = await person.ask('{ entries(last: 1) { nodes { sequence } } }');
  return entries.nodes.length === 0 ? 0 : Number(entries.nodes[0].sequence) + 1;
}

/** Every entry, once the newest checkpoint covers all of them. */
export async function readLedger(person: Person): Promise<Ledger> {
  const { checkpoint } = await until(
    'a checkpoint over the whole ledger',
    async () => {
      const found = await person.ask<{ checkpoint: Checkpoint | null }>(
        '{ checkpoint { origin size rootHash note } }',
      );
      return { checkpoint: found.checkpoint, size: await ledgerSize(person) };
    },
    (seen) => Number(seen.checkpoint?.size ?? -1) === seen.size,
  );
  if (checkpoint === null) throw new Error('no checkpoint');
  const size = Number(checkpoint.size);
  const entries: LedgerEntry[] = [];
  for (let from = 0; from < size; from += PAGE) {
    const to = String(Math.min(size, from + PAGE) - 1);
    const page = await person.ask(ENTRIES, { from: String(from), to });
    entries.push(...page.entries.nodes);
  }
  return { checkpoint, entries };
}

/** What the pinned key and the ledger's bytes prove: numbering, chain, tree, columns, payloads, evidence. */
export async function verifyLedger(
  installation: Installation,
  { checkpoint, entries }: Ledger,
): Promise<ExportVerdict> {
  const { origin } = checkpoint;
  const lines = [{ checkpoint }, ...entries].map((line) =>
    Buffer.from(JSON.stringify(line), 'utf8'),
  );
  const key = parseVerifierKey(await installation.verifierKey(origin));
  return verifyExport(lines, { origin, logKeys: [key] });
}

/** The idempotency key that the entry's hashed bytes name. */
export function deliveryOf(entry: LedgerEntry): string {
  return headerOf(entry).delivery;
}

function headerOf(entry: LedgerEntry): EntryHeader {
  const decoded = decodeEntry(Buffer.from(entry.canonical, 'base64'));
  if (!decoded.ok) throw new Error(`entry ${entry.sequence} cannot be decoded: ${decoded.code}`);
  return decoded.header;
}

/** Bytes as they came from outside. */
export function evidenceOf(entry: LedgerEntry): Buffer {
  return Buffer.from(entry.evidence?.bytes ?? '', 'base64');
}

/** Values that occur more than once. */
export function doubled(values: readonly string[]): string[] {
  const seen = new Set<string>();
  return values.filter((value) => seen.has(value) || !seen.add(value));
}
