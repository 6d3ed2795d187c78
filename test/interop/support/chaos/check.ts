import {
  ChainVerifier,
  decodeEntry,
  verifyCheckpoint,
  verifyConsistency,
  type ChainPosition,
  type ChainRecord,
  type ExpectedHead,
  type NoteVerifier,
} from '@countersign/chain';
import type { Database, SqlTx } from '@countersign/database';
import type { TenantId } from '@countersign/kernel';
import { Contents, LedgerQueries } from '@countersign/ledger';
import type { TenantSeal } from '@countersign/vault';
import type { Callers } from './callers.js';
import { evidenceOf } from './draft.js';

/** Rows per statement. */
const PAGE = 2_000;

interface Row {
  readonly seq: bigint;
  readonly id: string;
  readonly canonical: Buffer;
  readonly leaf_hash: Buffer;
  readonly payload: Buffer;
  readonly salt: Buffer;
  readonly evidence: Buffer;
}

/** Holds a tenant's ledger against what it promises. Problems come back in words; none: all of it holds. */
export class LedgerCheck {
  readonly #queries = new LedgerQueries();
  #position: ChainPosition | undefined;

  constructor(
    private readonly database: Database,
    private readonly tenantId: TenantId,
    private readonly seal: TenantSeal,
  ) {}

  /** Entries since the last call: no fork, no gap, and the tree of the head row. Writers may be at work. */
  async advance(): Promise<string[]> {
    return this.database.read(this.tenantId, async (tx) => {
      const head = await headOf(tx);
      const problems = await miscounted(tx, head.size);
      const options = { tenant: this.tenantId, heads: [head] };
      const from = this.#position;
      const verifier = new ChainVerifier(from === undefined ? options : { ...options, from });
      for (let at = from?.frontier.size ?? 0n; at < head.size; at += BigInt(PAGE)) {
        for (const row of await page(tx, at, head.size, false)) {
          verifier.push({ canonical: row.canonical, leafHash: row.leaf_hash });
        }
      }
      const report = verifier.finish();
      if (!report.ok) problems.push(`${report.fault.code}: ${report.fault.detail}`);
      else this.#position = report.position;
      return problems;
    });
  }

  /**
   * Everything from entry 0, once nobody writes: chain, tree, contents; every checkpoint that was stored or `seen` by
   * somebody outside is on this one tree; and each delivery that was sent is there once, where it was acknowledged,
   * with its bytes.
   */
  async complete(
    callers: Callers,
    seen: ReadonlyMap<bigint, string>,
    logKeys: readonly NoteVerifier[],
  ): Promise<string[]> {
    return this.database.read(this.tenantId, async (tx) => {
      const head = await headOf(tx);
      const problems = await miscounted(tx, head.size);
      const notes = await storedNotes(tx);
      for (const note of seen.values()) notes.push(note);
      const heads: ExpectedHead[] = [head];
      for (const note of notes) {
        const verdict = verifyCheckpoint(note, { origin: logKeys[0]?.name ?? '', logKeys });
        if (verdict.ok)
          heads.push({ size: verdict.checkpoint.size, root: verdict.checkpoint.root });
        else problems.push(`a checkpoint: ${verdict.detail}`);
      }
      const places = new Map<string, bigint[]>();
      const verifier = new ChainVerifier({ tenant: this.tenantId, heads });
      for (let at = 0n; at < head.size; at += BigInt(PAGE)) {
        for (const row of await page(tx, at, head.size, true)) {
          const { name, record, same } = this.#opened(row);
          verifier.push(record);
          if (!same) problems.push(`bytes of ${name}`);
          places.set(name, [...(places.get(name) ?? []), row.seq]);
        }
      }
      const report = verifier.finish();
      if (!report.ok) problems.push(`${report.fault.code}: ${report.fault.detail}`);
      problems.push(...lossesOf(callers.acknowledged, places), ...callers.contradictions);
      problems.push(...(await this.#proofs(tx, heads)));
      return problems;
    });
  }

  /** A row that a fork mixed from two entries opens no more than a changed one does. */
  #opened(row: Row): { name: string; record: ChainRecord; same: boolean } {
    const { canonical, leaf_hash: leafHash, salt } = row;
    const decoded = decodeEntry(canonical);
    const name = decoded.ok ? decoded.header.delivery : '';
    try {
      const contents = new Contents(this.seal);
      const bytes = contents.evidence(row.id, row.evidence) ?? Buffer.alloc(0);
      const payload = contents.payload(row.id, row.payload);
      const record = { canonical, leafHash, payload, evidence: { salt, bytes } };
      return { name, record, same: bytes.toString('utf8') === evidenceOf(name) };
    } catch {
      return { name, record: { canonical, leafHash }, same: false };
    }
  }

  /** Neighbours by the proof that an auditor is given; all others follow from them. */
  async #proofs(tx: SqlTx, heads: readonly ExpectedHead[]): Promise<string[]> {
    return inconsistencies(heads, (from, to) => this.#queries.consistencyProof(tx, from, to));
  }
}

/** Checkpoints of one log, in whatever order, of which one does not lead to the next. */
export async function inconsistencies(
  heads: readonly ExpectedHead[],
  prove: (from: bigint, to: bigint) => Promise<readonly Uint8Array[]>,
): Promise<string[]> {
  const problems: string[] = [];
  const sorted = [...heads].sort((a, b) => (a.size < b.size ? -1 : 1));
  for (const [at, from] of sorted.slice(0, -1).entries()) {
    const to = sorted[at + 1] ?? from;
    // A store that was forked may not even have a proof.
    const proof = await prove(from.size, to.size).catch(() => null);
    const claim = { fromSize: from.size, fromRoot: from.root, toSize: to.size, toRoot: to.root };
    if (proof === null || !verifyConsistency({ ...claim, proof })) {
      problems.push(`the checkpoint of ${to.size} does not continue the one of ${from.size}`);
    }
  }
  return problems;
}

/** What was acknowledged against where it is stored. */
export function lossesOf(
  acknowledged: ReadonlyMap<string, bigint>,
  places: ReadonlyMap<string, readonly bigint[]>,
): string[] {
  const problems: string[] = [];
  for (const [name, sequence] of acknowledged) {
    const stored = places.get(name) ?? [];
    if (stored.length === 1 && stored[0] === sequence) continue;
    const where = stored.length === 0 ? 'nowhere' : `at ${stored.join(' and ')}`;
    problems.push(`${name} was acknowledged as ${sequence} and is ${where}`);
  }
  for (const name of places.keys()) {
    if (!acknowledged.has(name)) problems.push(`${name} is stored and was never acknowledged`);
  }
  return problems;
}

async function headOf(tx: SqlTx): Promise<ExpectedHead> {
  const [row] = await tx.query<{ size: bigint; root: Buffer }>(
    'SELECT size, root FROM ledger_head WHERE tenant_id = $1::uuid',
    [tx.tenantId],
  );
  if (row === undefined) throw new Error('the log has no head');
  return row;
}

/** A fork below the head would show as a number too many, a gap as one too few. */
async function miscounted(tx: SqlTx, size: bigint): Promise<string[]> {
  const [row] = await tx.query<{ entries: bigint; deliveries: bigint }>(
    `SELECT (SELECT count(*) FROM ledger_entry WHERE tenant_id = $1::uuid AND seq < $2::bigint) AS entries,
       (SELECT count(*) FROM ledger_delivery WHERE tenant_id = $1::uuid AND seq < $2::bigint) AS deliveries`,
    [tx.tenantId, size],
  );
  const counted = [
    ['entries', row?.entries],
    ['deliveries', row?.deliveries],
  ] as const;
  return counted
    .filter(([, count]) => count !== size)
    .map(([what, count]) => `${count ?? 0n} ${what} below the head of size ${size}`);
}

async function storedNotes(tx: SqlTx): Promise<string[]> {
  const rows = await tx.query<{ note: string }>(
    'SELECT note FROM ledger_checkpoint WHERE tenant_id = $1::uuid',
    [tx.tenantId],
  );
  return rows.map((row) => row.note);
}

async function page(tx: SqlTx, from: bigint, size: bigint, contents: boolean): Promise<Row[]> {
  const end = from + BigInt(PAGE) < size ? from + BigInt(PAGE) : size;
  const [columns, joins] = contents
    ? [
        ', p.bytes AS payload, v.salt, v.bytes AS evidence',
        'LEFT JOIN ledger_payload p USING (tenant_id, seq) LEFT JOIN ledger_evidence v USING (tenant_id, seq)',
      ]
    : ['', ''];
  return tx.query<Row>(
    `SELECT e.seq, e.id, e.canonical, e.leaf_hash${columns} FROM ledger_entry e ${joins}
     WHERE tenant_id = $1::uuid AND seq >= $2::bigint AND seq < $3::bigint ORDER BY seq`,
    [tx.tenantId, from, end],
  );
}
