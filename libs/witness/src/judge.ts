import {
  EMPTY_ROOT,
  sameBytes,
  verifyCheckpoint,
  verifyConsistency,
  type AddCheckpoint,
  type Checkpoint,
  type NoteVerifier,
} from '@countersign/chain';
import { answer, otherSize, type WitnessAnswer } from './answer.js';

/** The tree that a witness cosigned last for an origin; size 0 before the first. */
export interface LastCosigned {
  readonly size: bigint;
  readonly root: Uint8Array;
}

export const NOTHING_YET: LastCosigned = { size: 0n, root: EMPTY_ROOT };

export type Judgement =
  | { readonly ok: true; readonly checkpoint: Checkpoint }
  | { readonly ok: false; readonly answer: WitnessAnswer };

/**
 * Whether the checkpoint of a request may be cosigned after `last`, in the order of C2SP tlog-witness: who signed it,
 * whether the client knows what was cosigned last, whether the new tree contains the old one. Never throws.
 */
export function judge(
  request: AddCheckpoint,
  origin: string,
  logKeys: readonly NoteVerifier[],
  last: LastCosigned,
): Judgement {
  const opened = verifyCheckpoint(request.checkpoint, { origin, logKeys });
  if (!opened.ok) {
    return opened.code === 'CHECKPOINT_MALFORMED' || opened.code === 'NOTE_MALFORMED'
      ? refuse(answer(400, `${opened.code}: ${opened.detail}`))
      : refuse(answer(403, `${opened.code}: ${opened.detail}`));
  }
  const { checkpoint } = opened;
  if (request.oldSize > checkpoint.size) {
    return refuse(answer(400, 'the old size is larger than the checkpoint'));
  }
  if (request.oldSize !== last.size) return refuse(otherSize(last.size));
  // Also for equal sizes, where the roots must be equal, and from size 0, where nothing must be proved.
  const contains = verifyConsistency({
    fromSize: last.size,
    fromRoot: last.root,
    toSize: checkpoint.size,
    toRoot: checkpoint.root,
    proof: request.proof,
  });
  if (!contains) {
    const same = checkpoint.size === last.size && !sameBytes(checkpoint.root, last.root);
    return refuse(
      answer(
        422,
        same ? 'another root of this size' : 'the tree is not proved to be the one before',
      ),
    );
  }
  return { ok: true, checkpoint };
}

function refuse(refusal: WitnessAnswer): Judgement {
  return { ok: false, answer: refusal };
}
