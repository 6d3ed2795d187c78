/**
 * What the log of heads says, one leaf per statement. The set of kinds is closed: a reader refuses any other. Origins are
 * random names, so that a leaf tells nothing about whose log it is.
 */
export type HeadLeaf = LogOpened | Head | LogPruned | KeyRotated;

/** A log exists from now on; a log that vanishes later is missed. */
export interface LogOpened {
  readonly kind: 'log.opened/1';
  /** UTC with milliseconds: `2026-11-21T06:00:00.000Z`. */
  readonly openedAt: string;
  readonly origin: string;
}

/** A log's checkpoint had this size and root. */
export interface Head {
  readonly kind: 'head/1';
  readonly origin: string;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** At most 2^53 - 1, as a log's sequences. */
  readonly size: bigint;
}

/** Entries below `minIndex` were put aside under a stated retention policy; tree and proofs stay. */
export interface LogPruned {
  readonly kind: 'log.pruned/1';
  /** `sha256:` + hex of the bundle's `files.sha256` in which they are kept. */
  readonly bundle: string;
  readonly minIndex: bigint;
  readonly origin: string;
}

/** The key of the log of heads changes: the old key says so. */
export interface KeyRotated {
  readonly kind: 'key.rotated/1';
  /** vkeys, both with the name `origin`. */
  readonly newKey: string;
  readonly oldKey: string;
  readonly origin: string;
  readonly rotatedAt: string;
  /** Ed25519 by the old key over the canonical JSON of this leaf without `signature`; see key-rotation.ts. */
  readonly signature: Uint8Array;
}

/** Largest leaf that is read; two vkeys with the longest names fit. */
export const HEAD_LEAF_BYTES_MAX = 8_192;
