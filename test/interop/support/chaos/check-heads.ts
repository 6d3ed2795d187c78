import {
  decodeHeadLeaf,
  Frontier,
  leafHash,
  rootOf,
  sameBytes,
  verifyCheckpoint,
  type ExpectedHead,
  type NoteVerifier,
} from '@countersign/chain';
import type { Database, SqlTx } from '@countersign/database';
import type { TenantId } from '@countersign/kernel';
import { HeadsQueries } from '@countersign/ledger';
import { inconsistencies } from './check.js';

/**
 * Holds the log of heads against what it promises: leaves without gap or fork, heads that are on the tenant's tree, and
 * checkpoints, stored or `seen` outside, that lead from one to the next. Problems in words.
 */
export async function headsProblems(
  database: Database,
  tenantId: TenantId,
  seen: ReadonlyMap<bigint, string>,
  verifiers: (origin: string) => readonly NoteVerifier[],
): Promise<string[]> {
  const queries = new HeadsQueries();
  const roots = await database.read(tenantId, tenantRoots);
  return database.global(async (db) => {
    const log = await queries.current(db);
    if (log === null) return ['there is no log of heads'];
    const leaves = await queries.leaves(db, 0n, await queries.size(db));
    const problems: string[] = [];
    const frontier = Frontier.empty();
    const rootAt = new Map<bigint, Uint8Array>();
    for (const leaf of leaves) {
      frontier.appendOne(leafHash(leaf));
      rootAt.set(frontier.size, frontier.root());
      const decoded = decodeHeadLeaf(leaf);
      if (!decoded.ok) problems.push(`leaf ${frontier.size - 1n}: ${decoded.detail}`);
      else if (decoded.leaf.kind === 'head/1') {
        const root = roots(decoded.leaf.size);
        if (root === null || !sameBytes(root, decoded.leaf.root)) {
          problems.push(`the head of size ${decoded.leaf.size} is not on the tenant's tree`);
        }
      }
    }
    const stored = await db.query<{ note: string }>('SELECT note FROM heads_checkpoint');
    const notes = [...stored.map((row) => row.note), ...seen.values()];
    const heads: ExpectedHead[] = [];
    const policy = { origin: log.origin, logKeys: verifiers(log.origin) };
    for (const note of notes) {
      const verdict = verifyCheckpoint(note, policy);
      if (!verdict.ok) {
        problems.push(`a checkpoint of the heads: ${verdict.detail}`);
        continue;
      }
      const { root, size } = verdict.checkpoint;
      heads.push({ size, root });
      if (!sameBytes(root, rootAt.get(size) ?? rootOf([]))) {
        problems.push(`the heads' checkpoint of size ${size} is of another tree`);
      }
    }
    const prove = (from: bigint, to: bigint): Promise<Uint8Array[]> =>
      queries.consistencyProof(db, from, to);
    return [...problems, ...(await inconsistencies(heads, prove))];
  });
}

/** The root of the tenant's tree at any size that a checkpoint was signed for. */
async function tenantRoots(tx: SqlTx): Promise<(size: bigint) => Uint8Array | null> {
  const rows = await tx.query<{ size: bigint; root: Buffer }>(
    'SELECT size, root FROM ledger_checkpoint WHERE tenant_id = $1::uuid',
    [tx.tenantId],
  );
  const roots = new Map(rows.map((row) => [row.size, row.root]));
  return (size) => roots.get(size) ?? null;
}
