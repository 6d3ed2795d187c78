import type { KeyObject } from 'node:crypto';
import {
  ChainVerifier,
  noteVerifier,
  sameBytes,
  toHex,
  verifyCheckpoint,
} from '@countersign/chain';
import type { Database, SqlTx } from '@countersign/database';
import type { TenantId } from '@countersign/kernel';
import type { Vault } from '@countersign/vault';
import type { CheckpointRecord } from '../reads/entry-record.js';
import { LedgerQueries } from '../reads/ledger-queries.js';
import type { Contents } from '../sealing/contents.js';
import { liveEntries } from './live-rows.js';
import { LiveTiles } from './live-tiles.js';

export type LiveVerdict =
  | { readonly ok: true; readonly size: bigint; readonly root: Uint8Array }
  | {
      readonly ok: false;
      /** The first sequence at fault; for a fault of the whole tree, its size. */
      readonly sequence: bigint;
      /** Stable name of the rule that is broken. */
      readonly rule: string;
      readonly expected: string;
    };

export interface VerifyLiveOptions {
  /** Opens payloads, disclosures and evidence. What a destroyed key sealed is not looked at. */
  readonly vault: Vault;
  /** Public key that must have signed the newest checkpoint; without it the signature is not looked at. */
  readonly publicKey?: KeyObject;
  readonly onProgress?: (verified: bigint, size: bigint) => void;
}

const CHUNK = 1_000;

/**
 * Verifies a tenant's ledger where it stands, at one snapshot and in constant memory: every entry, its columns,
 * payload, disclosures, evidence and delivery; the tiles; the head row; the newest checkpoint. Finds what does not
 * hold together; a history that was rewritten as a whole only shows against a checkpoint kept elsewhere.
 */
export async function verifyLive(
  database: Database,
  tenantId: TenantId,
  options: VerifyLiveOptions,
): Promise<LiveVerdict> {
  return database.read(tenantId, async (tx) => {
    const queries = new LedgerQueries({ vault: options.vault });
    const head = await readHead(tx);
    const checkpoint = await queries.checkpoint(tx);
    const signed = checkpoint === null ? null : checkpointFault(checkpoint, options.publicKey);
    if (signed !== null) return signed;
    const heads = checkpoint === null ? [] : [{ size: checkpoint.size, root: checkpoint.rootHash }];
    const verifier = new ChainVerifier({ tenant: tenantId, heads });
    const fault = await verifyEntries(tx, await queries.contents(tx), verifier, head.size, options);
    if (fault !== null) return fault;
    const report = verifier.finish();
    if (!report.ok) return broken(report.fault);
    const { position, root, size } = report;
    const headFault = compareHead(head, size, root, position.previousHash, position.frontier);
    if (headFault !== null) return headFault;
    const stray = await strayRows(tx, size);
    return stray ?? { ok: true, size, root };
  });
}

async function verifyEntries(
  tx: SqlTx,
  contents: Contents,
  verifier: ChainVerifier,
  size: bigint,
  options: VerifyLiveOptions,
): Promise<LiveVerdict | null> {
  const tiles = new LiveTiles();
  let after = -1n;
  for (;;) {
    const entries = await liveEntries(tx, contents, after, CHUNK);
    if (entries.length === 0) break;
    const leaves: Uint8Array[] = [];
    for (const { badDisclosure, brokenSeal, delivered, hasPayload, record } of entries) {
      const sequence = after + 1n;
      if (brokenSeal !== null) {
        return bad(sequence, 'SEAL_BROKEN', `what was sealed for this row of ${brokenSeal}`);
      }
      const fault = verifier.push(record);
      if (fault !== null) return broken(fault);
      if (!hasPayload) return bad(sequence, 'PAYLOAD_MISSING', 'a payload row');
      if (badDisclosure !== null) {
        return bad(sequence, 'DISCLOSURE_MISMATCH', `canonical JSON at ${badDisclosure}`);
      }
      if (!delivered) return bad(sequence, 'DELIVERY_MISMATCH', 'a delivery row of this entry');
      if (record.leafHash !== undefined) leaves.push(record.leafHash);
      after = sequence;
    }
    const tile = await tiles.push(tx, leaves);
    if (tile !== null) {
      const first = tile.index << BigInt(8 * (tile.level + 1));
      return bad(
        first,
        'TILE_MISMATCH',
        `level ${tile.level} tile ${tile.index}: ${toHex(tile.root)}`,
      );
    }
    options.onProgress?.(after + 1n, size);
  }
  return (await tiles.hasMore(tx)) ? bad(after + 1n, 'TILE_UNEXPECTED', 'no further tile') : null;
}

interface HeadRow {
  readonly size: bigint;
  readonly root: Buffer;
  readonly head_hash: Buffer;
  readonly frontier: Buffer;
}

async function readHead(tx: SqlTx): Promise<HeadRow> {
  const [row] = await tx.query<HeadRow>(
    'SELECT size, root, head_hash, frontier FROM ledger_head WHERE tenant_id = $1::uuid',
    [tx.tenantId],
  );
  return row ?? { size: -1n, root: NOTHING, head_hash: NOTHING, frontier: NOTHING };
}

const NOTHING = Buffer.alloc(0);

function compareHead(
  head: HeadRow,
  size: bigint,
  root: Uint8Array,
  hash: string,
  frontier: { serialize(): Buffer },
): LiveVerdict | null {
  if (head.size !== size) return bad(size, 'HEAD_SIZE_MISMATCH', `a head row of size ${size}`);
  if (!sameBytes(head.root, root)) return bad(size, 'HEAD_ROOT_MISMATCH', toHex(root));
  if (toHex(head.head_hash) !== hash) return bad(size, 'HEAD_HASH_MISMATCH', hash);
  if (!sameBytes(head.frontier, frontier.serialize())) {
    return bad(size, 'HEAD_FRONTIER_MISMATCH', toHex(frontier.serialize()));
  }
  return null;
}

function checkpointFault(
  checkpoint: CheckpointRecord,
  publicKey: KeyObject | undefined,
): LiveVerdict | null {
  if (publicKey === undefined) return null;
  const { note, origin, rootHash, size } = checkpoint;
  const verified = verifyCheckpoint(note, { origin, logKeys: [noteVerifier(origin, publicKey)] });
  if (!verified.ok) return bad(size, verified.code, 'a checkpoint signed with the given key');
  const said = verified.checkpoint;
  return said.size === size && sameBytes(said.root, rootHash)
    ? null
    : bad(size, 'CHECKPOINT_COLUMN_MISMATCH', `size ${said.size}, root ${toHex(said.root)}`);
}

/** Rows that no entry stands for: nobody would ever hash them. */
async function strayRows(tx: SqlTx, size: bigint): Promise<LiveVerdict | null> {
  for (const table of ['payload', 'disclosure', 'evidence', 'delivery']) {
    const [row] = await tx.query<{ seq: bigint }>(
      `SELECT seq FROM ledger_${table} WHERE tenant_id = $1::uuid AND (seq < 0 OR seq >= $2::bigint) LIMIT 1`,
      [tx.tenantId, size],
    );
    if (row !== undefined) return bad(row.seq, 'ROW_UNEXPECTED', `no row of ledger_${table}`);
  }
  const [count] = await tx.query<{ count: bigint }>(
    'SELECT count(*) AS count FROM ledger_delivery WHERE tenant_id = $1::uuid',
    [tx.tenantId],
  );
  return count?.count === size ? null : bad(size, 'ROW_UNEXPECTED', `${size} deliveries`);
}

function broken(fault: { sequence: bigint; code: string; detail: string }): LiveVerdict {
  return bad(fault.sequence, fault.code, fault.detail);
}

function bad(sequence: bigint, rule: string, expected: string): LiveVerdict {
  return { ok: false, sequence, rule, expected };
}
