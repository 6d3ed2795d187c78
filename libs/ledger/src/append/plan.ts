import { sha256Hex } from '@countersign/chain';
import { subjects, SYSTEM_ACTOR, type EntryDraft } from '@countersign/events';
import type { AppendResult } from './append-result.js';
import type { Batch } from './batch.js';
import { keyOf, type KnownDelivery } from './lookup.js';
import { DRAFT_LIMITS, prepareDraft, type PreparedDraft } from './prepare.js';

/** What a batch adds, and how to answer each draft once it is stored. */
export interface AppendPlan {
  readonly inserts: readonly PreparedDraft[];
  /** One result per draft, in order. */
  answer(batch: Batch | null): AppendResult[];
}

/** Where a draft's answer comes from: the n-th insert, or an entry that was there before. */
interface Answer {
  readonly from: number | KnownDelivery;
  readonly duplicate: boolean;
  readonly conflict: boolean;
}

/**
 * Sorts drafts into new ones, repetitions and conflicts, against deliveries known to be stored and against one
 * another. `size` is that of the head they will follow: a conflict's entry names the first delivery's sequence.
 */
export function planAppend(
  drafts: readonly PreparedDraft[],
  known: ReadonlyMap<string, KnownDelivery>,
  size: bigint,
  now: Date,
): AppendPlan {
  const inserts: PreparedDraft[] = [];
  const placed = new Map<string, number>();
  const place = (prepared: PreparedDraft): number => {
    placed.set(keyOf(prepared.draft), inserts.length);
    return inserts.push(prepared) - 1;
  };
  const answers = drafts.map((prepared): Answer => {
    const key = keyOf(prepared.draft);
    const stored = known.get(key);
    const earlier = placed.get(key);
    const first = stored ?? earlier;
    if (first === undefined) return { from: place(prepared), duplicate: false, conflict: false };
    if (stored?.entryId === prepared.id) {
      // Our own, from an attempt whose COMMIT was in doubt.
      return { from: stored, duplicate: false, conflict: false };
    }
    const firstHash = stored?.contentHashHex ?? inserts[earlier ?? 0]?.content.hashHex;
    if (firstHash === prepared.content.hashHex) {
      return { from: first, duplicate: true, conflict: false };
    }
    const sequence = stored?.sequence ?? size + BigInt(earlier ?? 0);
    const conflict = conflictOf(prepared, sequence, now);
    const conflictKey = keyOf(conflict.draft);
    if (!known.has(conflictKey) && !placed.has(conflictKey)) place(conflict);
    return { from: first, duplicate: false, conflict: true };
  });
  return { inserts, answer: (batch) => answers.map((answer) => resultOf(answer, batch)) };
}

/** The same delivery with other content: the first stands, the new bytes are kept. Repeating it adds nothing. */
function conflictOf(prepared: PreparedDraft, first: bigint, now: Date): PreparedDraft {
  const { content, draft, seal } = prepared;
  const subject = subjects.delivery(draft.delivery);
  const short = subject.length <= DRAFT_LIMITS.subject;
  const told: EntryDraft = {
    type: 'delivery.conflict',
    source: draft.source,
    subject: short ? subject : subjects.delivery(`sha256:${sha256Hex(draft.delivery)}`),
    actor: SYSTEM_ACTOR,
    basis: 'authenticated',
    occurredAt: now,
    delivery: `conflict:${sha256Hex(draft.delivery)}:${content.hashHex}`,
    data: { deliveryId: draft.delivery, firstSequence: first.toString() },
    evidence: content.bytes(),
  };
  return prepareDraft(told, seal);
}

function resultOf({ from, duplicate, conflict }: Answer, batch: Batch | null): AppendResult {
  if (typeof from !== 'number') {
    const { entryId, leafHash, sequence } = from;
    return { sequence, entryId, leafHash, duplicate, conflict };
  }
  const entry = batch?.entries[from];
  if (entry === undefined) throw new Error(`the batch has no entry ${from}`);
  const { leafHash, prepared, sequence } = entry;
  return { sequence, entryId: prepared.id, leafHash, duplicate, conflict };
}
