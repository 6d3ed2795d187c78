import type { SqlTx } from '@countersign/database';
import type { LedgerQueries } from '../reads/ledger-queries.js';
import type { EntryRecord } from '../reads/entry-record.js';
import type { ErasedEntry, ErasureCounts, ErasureOrder } from './order.js';

/** Disclosures and evidence that an order means, with SQL for `hit` (sequence, path or null) over $1 tenant, $2. */
const SUBJECT_HITS = `
  SELECT d.seq, d.path, false AS evidence FROM ledger_disclosure d
  WHERE d.tenant_id = $1::uuid AND d.data_subject = $2::text
  UNION ALL
  SELECT v.seq, NULL, true FROM ledger_evidence v
  WHERE v.tenant_id = $1::uuid AND v.seq IN (
    SELECT d.seq FROM ledger_disclosure d WHERE d.tenant_id = $1::uuid AND d.data_subject = $2::text)`;
const EVIDENCE_HITS = `
  SELECT v.seq, NULL::text AS path, true AS evidence FROM ledger_evidence v
  WHERE v.tenant_id = $1::uuid AND v.seq = ANY ($2::bigint[])`;
const ENTRY_HITS = `${EVIDENCE_HITS}
  UNION ALL
  SELECT d.seq, d.path, false FROM ledger_disclosure d
  WHERE d.tenant_id = $1::uuid AND d.seq = ANY ($2::bigint[])`;

function hits(order: ErasureOrder): string {
  if (order.kind === 'subject') return SUBJECT_HITS;
  return order.evidenceOnly ? EVIDENCE_HITS : ENTRY_HITS;
}

function parameter(order: ErasureOrder): unknown {
  return order.kind === 'subject' ? order.subject : order.sequences;
}

/** What the order would take away now. */
export async function countErasable(tx: SqlTx, order: ErasureOrder): Promise<ErasureCounts> {
  const [row] = await tx.query<{ entries: bigint; disclosures: bigint; evidence: bigint }>(
    `SELECT count(DISTINCT seq) AS entries, count(*) FILTER (WHERE NOT evidence) AS disclosures,
       count(*) FILTER (WHERE evidence) AS evidence
     FROM (${hits(order)}) h`,
    [tx.tenantId, parameter(order)],
  );
  const { disclosures = 0n, entries = 0n, evidence = 0n } = row ?? {};
  return {
    entries: Number(entries),
    disclosures: Number(disclosures),
    evidence: Number(evidence),
  };
}

/** The first `limit` entries that still have something to take away, with what stays in its place. */
export async function findErasable(
  tx: SqlTx,
  queries: LedgerQueries,
  order: ErasureOrder,
  limit: number,
): Promise<ErasedEntry[]> {
  const rows = await tx.query<{ seq: bigint; path: string | null }>(
    `WITH hit AS (${hits(order)}), part AS (SELECT DISTINCT seq FROM hit ORDER BY seq LIMIT $3::int)
     SELECT h.seq, h.path FROM hit h JOIN part USING (seq) ORDER BY h.seq, h.path COLLATE "C"`,
    [tx.tenantId, parameter(order), limit],
  );
  const paths = new Map<bigint, (string | null)[]>();
  for (const { path, seq } of rows) {
    const list = paths.get(seq);
    if (list === undefined) paths.set(seq, [path]);
    else list.push(path);
  }
  const entries = await queries.entriesBySequence(tx, [...paths.keys()]);
  return entries.map((entry) => erasedEntry(entry, paths.get(entry.sequence) ?? []));
}

function erasedEntry(entry: EntryRecord, paths: readonly (string | null)[]): ErasedEntry {
  const bytes = entry.payloadCanonical;
  const payload: unknown = bytes === null ? null : JSON.parse(Buffer.from(bytes).toString('utf8'));
  return {
    sequence: entry.sequence,
    values: paths.flatMap((path) =>
      path === null ? [] : [{ path, commitment: commitmentAt(payload, path) }],
    ),
    evidenceDigest: paths.includes(null) ? entry.evidenceDigest : null,
  };
}

/** RFC 6901, into the ledger's own bytes. */
function commitmentAt(payload: unknown, pointer: string): string | null {
  let node = payload;
  for (const token of pointer.split('/').slice(1)) {
    if (typeof node !== 'object' || node === null) return null;
    node = (node as Readonly<Record<string, unknown>>)[
      token.replaceAll('~1', '/').replaceAll('~0', '~')
    ];
  }
  const sd: unknown = typeof node === 'object' && node !== null && 'sd' in node ? node.sd : null;
  return typeof sd === 'string' ? sd : null;
}
