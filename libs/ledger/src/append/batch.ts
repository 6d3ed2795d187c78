import { encodeLeaf, type FullTile } from '@countersign/chain';
import type { TenantId } from '@countersign/kernel';
import type { Head } from './head.js';
import type { PreparedDraft } from './prepare.js';

/** An entry with its place in the log. */
export interface NumberedEntry {
  readonly sequence: bigint;
  readonly prepared: PreparedDraft;
  readonly canonical: Uint8Array;
  readonly leafHash: Uint8Array;
}

/** A stretch of the log that follows `before`, not stored yet. */
export interface Batch {
  readonly tenantId: TenantId;
  readonly before: bigint;
  readonly after: Head;
  readonly root: Uint8Array;
  readonly entries: readonly NumberedEntry[];
  readonly tiles: readonly FullTile[];
  readonly recordedAt: Date;
}

/**
 * Numbers, chains and hashes drafts behind `head`, which stays as it is: the batch may have to be redone. recordedAt
 * never decreases within a tenant, whatever the clock does.
 */
export function buildBatch(
  tenantId: TenantId,
  head: Head,
  drafts: readonly PreparedDraft[],
  now: Date,
): Batch {
  const recordedAt = now < head.lastRecordedAt ? head.lastRecordedAt : now;
  const recordedAtText = recordedAt.toISOString();
  const entries: NumberedEntry[] = [];
  const leaves: Uint8Array[] = [];
  let prev = head.hashHex;
  let sequence = head.size;
  for (const prepared of drafts) {
    const { draft, evidence, payloadDigestHex } = prepared;
    const leaf = encodeLeaf({
      actor: draft.actor.id,
      delivery: draft.delivery,
      evidence: evidence === null ? undefined : `sha256:${evidence.digestHex}`,
      id: prepared.id,
      occurredAt: draft.occurredAt.toISOString(),
      payload: `sha256:${payloadDigestHex}`,
      prev,
      recordedAt: recordedAtText,
      seq: Number(sequence),
      source: draft.source,
      subject: draft.subject,
      tenant: tenantId,
      type: draft.type,
    });
    entries.push({ sequence, prepared, canonical: leaf.canonical, leafHash: leaf.leafHash });
    leaves.push(leaf.leafHash);
    prev = leaf.leafHashHex;
    sequence++;
  }
  const frontier = head.frontier.clone();
  const roots = frontier.append(leaves);
  const tiles = head.tiles?.clone() ?? null;
  const full = tiles?.append(leaves, roots) ?? [];
  return {
    tenantId,
    before: head.size,
    after: { size: sequence, hashHex: prev, frontier, tiles, lastRecordedAt: recordedAt },
    root: frontier.root(),
    entries,
    tiles: full,
    recordedAt,
  };
}
