import { commit, evidenceDigest, nodeHash, rootOf, sha256Hex, toHex } from '@countersign/chain';
import type { TenantId } from '@countersign/kernel';
import type { TestDatabase } from '../../../../test/support/database.js';
import { testVault } from '../../../../test/support/vault.js';
import { Contents } from '../sealing/contents.js';

interface StoredEntry {
  readonly seq: bigint;
  readonly id: string;
  readonly canonical: Buffer;
  readonly leaf_hash: Buffer;
  readonly payload: Buffer;
  readonly own_hash: boolean;
}

interface Header {
  readonly seq: number;
  readonly prev: string;
  readonly payload: string;
  readonly evidence?: string;
  readonly tenant: string;
  readonly recordedAt: string;
}

/**
 * The promise of the ledger, checked in the plainest way there is and as the database's owner: no gap, no fork, every
 * digest. Returns what is broken, in words; empty when all holds.
 */
export async function ledgerProblems(test: TestDatabase, tenantId: TenantId): Promise<string[]> {
  const contents = new Contents(await testVault().key(tenantId));
  const stored = await test.asOwner<StoredEntry>(
    `SELECT e.seq, e.id, e.canonical, e.leaf_hash, p.bytes AS payload,
       sha256('\\x00'::bytea || e.canonical) = e.leaf_hash AS own_hash
     FROM ledger_entry e JOIN ledger_payload p USING (tenant_id, seq) WHERE tenant_id = $1 ORDER BY seq`,
    [tenantId],
  );
  const problems: string[] = [];
  const claim = (holds: boolean, what: string): void => {
    if (!holds) problems.push(what);
  };
  const entries = stored.map((entry) => {
    try {
      return { ...entry, payload: contents.payload(entry.id, entry.payload) ?? NOTHING };
    } catch {
      claim(false, `seal of the payload of ${entry.seq}`);
      return { ...entry, payload: Buffer.from('{}') };
    }
  });
  let prev = '0'.repeat(64);
  let recordedAt = '';
  for (const [n, entry] of entries.entries()) {
    const header = JSON.parse(entry.canonical.toString('utf8')) as Header;
    claim(entry.seq === BigInt(n) && header.seq === n, `a gap at ${n}`);
    claim(header.prev === prev, `prev at ${n}`);
    claim(entry.own_hash, `leaf hash at ${n}`);
    claim(header.payload === `sha256:${sha256Hex(entry.payload)}`, `payload digest at ${n}`);
    claim(header.tenant === tenantId, `tenant at ${n}`);
    claim(header.recordedAt >= recordedAt, `recordedAt at ${n}`);
    prev = toHex(entry.leaf_hash);
    recordedAt = header.recordedAt;
  }
  // What stands beside can only be matched to a chain that holds.
  if (problems.length > 0) return problems;
  await checkHead(test, tenantId, entries, claim);
  await checkBeside(test, tenantId, entries, contents, claim);
  await checkTiles(test, tenantId, entries, claim);
  return problems;
}

const NOTHING = Buffer.alloc(0);

type Claim = (holds: boolean, what: string) => void;

async function checkHead(
  test: TestDatabase,
  tenantId: TenantId,
  entries: readonly StoredEntry[],
  claim: Claim,
): Promise<void> {
  const [head] = await test.asOwner<{ size: bigint; head_hash: Buffer; root: Buffer }>(
    'SELECT size, head_hash, root FROM ledger_head WHERE tenant_id = $1',
    [tenantId],
  );
  const root = rootOf(entries.map((entry) => entry.leaf_hash));
  claim(head?.size === BigInt(entries.length), 'head size');
  claim(head?.root.equals(root) === true, 'head root');
  const last = entries.at(-1)?.leaf_hash ?? Buffer.alloc(32);
  claim(head?.head_hash.equals(last) === true, 'head hash');
  const deliveries = await test.asOwner<{ n: bigint }>(
    `SELECT count(*) AS n FROM ledger_delivery d JOIN ledger_entry e USING (tenant_id, source, delivery)
     WHERE tenant_id = $1 AND d.seq = e.seq`,
    [tenantId],
  );
  claim(deliveries[0]?.n === BigInt(entries.length), 'each entry has its delivery, once');
}

async function checkBeside(
  test: TestDatabase,
  tenantId: TenantId,
  entries: readonly StoredEntry[],
  contents: Contents,
  claim: Claim,
): Promise<void> {
  const disclosures = await test.asOwner<{
    seq: bigint;
    path: string;
    salt: Buffer;
    value: Buffer;
  }>('SELECT seq, path, salt, value FROM ledger_disclosure WHERE tenant_id = $1', [tenantId]);
  for (const { path, salt, seq, value } of disclosures) {
    const entry = entries[Number(seq)];
    const payload: unknown = JSON.parse(entry?.payload.toString('utf8') ?? 'null');
    const opened = contents.disclosure(entry?.id ?? '', path, value) ?? NOTHING;
    const node = path
      .split('/')
      .slice(1)
      .reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], payload);
    const sd = commit(salt, JSON.parse(opened.toString('utf8')) as string);
    claim(JSON.stringify(node) === JSON.stringify({ sd }), `disclosure ${seq}${path}`);
  }
  const evidence = await test.asOwner<{ seq: bigint; salt: Buffer; bytes: Buffer }>(
    'SELECT seq, salt, bytes FROM ledger_evidence WHERE tenant_id = $1',
    [tenantId],
  );
  const kept = new Map(evidence.map((row) => [row.seq, row]));
  for (const entry of entries) {
    const header = JSON.parse(entry.canonical.toString('utf8')) as Header;
    const row = kept.get(entry.seq);
    const bytes = contents.evidence(entry.id, row?.bytes ?? null);
    const digest =
      row === undefined || bytes === null ? undefined : `sha256:${evidenceDigest(row.salt, bytes)}`;
    claim(header.evidence === digest, `evidence of ${entry.seq}`);
  }
}

async function checkTiles(
  test: TestDatabase,
  tenantId: TenantId,
  entries: readonly StoredEntry[],
  claim: Claim,
): Promise<void> {
  const tiles = await test.asOwner<{ level: number; idx: bigint; root: Buffer; hashes: Buffer }>(
    'SELECT level, idx, root, hashes FROM ledger_tile WHERE tenant_id = $1 ORDER BY level, idx',
    [tenantId],
  );
  let row: Uint8Array[] = entries.map((entry) => entry.leaf_hash);
  let expected = 0;
  for (let level = 0; row.length >= 256; level++) {
    const above: Uint8Array[] = [];
    for (let i = 0; i + 256 <= row.length; i += 256) {
      const hashes = row.slice(i, i + 256);
      const root = pairUp(hashes);
      const tile = tiles[expected++];
      claim(
        tile?.level === level &&
          tile.idx === BigInt(i / 256) &&
          tile.root.equals(root) &&
          tile.hashes.equals(Buffer.concat(hashes)),
        `tile ${level}/${i / 256}`,
      );
      above.push(root);
    }
    row = above;
  }
  claim(tiles.length === expected, 'number of tiles');
}

function pairUp(hashes: readonly Uint8Array[]): Uint8Array {
  let row = [...hashes];
  while (row.length > 1) {
    row = row.flatMap((left, i) => {
      const right = row[i + 1];
      return i % 2 === 0 && right !== undefined ? [nodeHash(left, right)] : [];
    });
  }
  return row[0] ?? Buffer.alloc(0);
}
