import type { HeadsCheckpointRecord } from '@countersign/ledger';
import type { Contradiction } from '../outside/store-check.js';
import type { AnchorName } from './anchor-rows.js';

/** What came of showing a checkpoint to somebody outside. */
export type Anchored =
  | { readonly kind: 'anchored'; readonly evidence: Uint8Array; readonly at: Date }
  /** Nothing now; the next round tries again. */
  | { readonly kind: 'failed'; readonly detail: string }
  /** They know something that this store does not contain. */
  | { readonly kind: 'contradicted'; readonly contradiction: Contradiction };

/** Somebody outside to whom the checkpoint of the log of heads is shown. */
export interface AnchorTarget extends AnchorName {
  /** Which checkpoint is shown: the newest signed, or the newest that anybody may see. */
  readonly shows: 'signed' | 'published';
  /** Least time between two anchors. 0: every checkpoint. */
  readonly everyMs: number;
  /** Never rejects for what the other side does; rejects with what the database says. */
  anchor(checkpoint: HeadsCheckpointRecord): Promise<Anchored>;
}
