import { formatPayloadLine, type PayloadLine } from '@countersign/chain';
import type { SnapshotTx } from '@countersign/database';
import { AppError, type Json } from '@countersign/kernel';
import type { Contents } from '../sealing/contents.js';
import { field, type PageEntry } from './entry-pages.js';

export interface PayloadChoice {
  readonly evidence: boolean;
  /** Which personal values: all (null), or those at these pointers. */
  readonly disclose: readonly string[] | null;
}

export interface PayloadText {
  readonly sequence: bigint;
  /** With its LF. */
  readonly line: string;
}

/**
 * The payload lines of entries, in order, all at once. Throws PAYLOAD_MISSING for an entry without payload row,
 * SEAL_BROKEN for one that was changed.
 */
export async function payloadLines(
  tx: SnapshotTx,
  contents: Contents,
  entries: readonly PageEntry[],
  choice: PayloadChoice,
): Promise<PayloadText[]> {
  const kept = await readPiece(tx, contents, entries, choice);
  return entries.map(({ sequence }) => {
    const payload = kept.payloads.get(sequence);
    if (payload === undefined) throw payloadMissing(sequence);
    const evidence = choice.evidence ? { evidence: kept.evidence.get(sequence) ?? null } : {};
    const disclosures = kept.disclosures.get(sequence) ?? [];
    const line: PayloadLine = { sequence: Number(sequence), payload, disclosures, ...evidence };
    return { sequence, line: formatPayloadLine(line) };
  });
}

/** Sealed bytes of what `payloadLines` would read. Stored lengths are known without reading the values. */
export async function payloadWeight(
  tx: SnapshotTx,
  entries: readonly PageEntry[],
  choice: PayloadChoice,
): Promise<number> {
  const tables = [
    ['ledger_payload', 'bytes'],
    ['ledger_disclosure', 'value'],
    ...(choice.evidence ? [['ledger_evidence', 'bytes'] as const] : []),
  ] as const;
  const sums = tables.map(
    ([table, column]) => `(SELECT coalesce(sum(octet_length(${column})), 0) FROM ${table}
      WHERE tenant_id = $1::uuid AND seq >= $2::bigint AND seq <= $3::bigint)`,
  );
  const [row] = await tx.query<{ weight: bigint }>(
    `SELECT (${sums.join(' + ')})::bigint AS weight`,
    [tx.tenantId, entries[0]?.sequence, entries.at(-1)?.sequence],
  );
  return Number(row?.weight ?? 0n);
}

interface Piece {
  readonly payloads: Map<bigint, Buffer>;
  readonly disclosures: Map<bigint, PayloadLine['disclosures'][number][]>;
  readonly evidence: Map<bigint, NonNullable<PayloadLine['evidence']>>;
}

async function readPiece(
  tx: SnapshotTx,
  contents: Contents,
  entries: readonly PageEntry[],
  choice: PayloadChoice,
): Promise<Piece> {
  const ids = new Map(entries.map(({ id, sequence }) => [sequence, id]));
  const where = `tenant_id = '${tx.tenantId}' AND ${within(entries)} ORDER BY seq`;
  const piece: Piece = { payloads: new Map(), disclosures: new Map(), evidence: new Map() };
  await tx.copyRows(`SELECT seq, bytes FROM ledger_payload WHERE ${where}`, (row) => {
    const sequence = field(row, 0).readBigInt64BE();
    const payload = contents.payload(ids.get(sequence) ?? '', field(row, 1));
    if (payload !== null) piece.payloads.set(sequence, payload);
  });
  if (choice.disclose?.length !== 0) {
    const discloses = pathMatcher(choice.disclose);
    await tx.copyRows(
      `SELECT seq, path, salt, value, data_subject FROM ledger_disclosure WHERE ${where}, path`,
      (row) => {
        const path = field(row, 1).toString('utf8');
        if (!discloses(path)) return;
        const sequence = field(row, 0).readBigInt64BE();
        const value = contents.disclosure(ids.get(sequence) ?? '', path, field(row, 3));
        if (value === null) return;
        const list = piece.disclosures.get(sequence) ?? [];
        list.push({
          path,
          salt: Buffer.from(field(row, 2)),
          value: JSON.parse(value.toString('utf8')) as Json,
          dataSubject: row[4]?.toString('utf8') ?? null,
        });
        piece.disclosures.set(sequence, list);
      },
    );
  }
  if (choice.evidence) {
    await tx.copyRows(
      `SELECT seq, salt, media_type, bytes FROM ledger_evidence WHERE ${where}`,
      (row) => {
        const sequence = field(row, 0).readBigInt64BE();
        const bytes = contents.evidence(ids.get(sequence) ?? '', field(row, 3));
        if (bytes === null) return;
        const [salt, mediaType] = [Buffer.from(field(row, 1)), field(row, 2).toString('utf8')];
        piece.evidence.set(sequence, { salt, mediaType, bytes: Buffer.from(bytes) });
      },
    );
  }
  return piece;
}

/** As a range where it is one: a filter that matches everything must not cost a list. */
function within(entries: readonly PageEntry[]): string {
  const [first, last] = [entries[0]?.sequence ?? 0n, entries.at(-1)?.sequence ?? -1n];
  if (last - first + 1n === BigInt(entries.length)) return `seq >= ${first} AND seq <= ${last}`;
  return `seq = ANY ('{${entries.map(({ sequence }) => sequence).join()}}'::bigint[])`;
}

/** JSON Pointers in which a step of `*` stands for any one. */
export function pathMatcher(pointers: readonly string[] | null): (path: string) => boolean {
  if (pointers === null) return () => true;
  const wanted = pointers.map((pointer) => pointer.split('/'));
  return (path) => {
    const steps = path.split('/');
    return wanted.some(
      (pointer) =>
        pointer.length === steps.length &&
        pointer.every((step, i) => step === '*' || step === steps[i]),
    );
  };
}

function payloadMissing(sequence: bigint): AppError {
  return new AppError('PAYLOAD_MISSING', {
    publicMessage: `The payload of entry ${sequence} is not there.`,
    hint: 'Run `countersign verify --live`; --no-payloads exports the headers alone.',
  });
}
