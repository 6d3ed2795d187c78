/** A log of heads. */
export interface HeadsLogRecord {
  readonly logId: string;
  /** First line of its checkpoints and name of its key; fixed when the log was opened. */
  readonly origin: string;
  readonly openedAt: Date;
  /** The log that this one continues after a recovery; null for the first. */
  readonly predecessor: string | null;
}

/** A signed statement about the whole log of heads (C2SP tlog-checkpoint). */
export interface HeadsCheckpointRecord {
  readonly logId: string;
  readonly origin: string;
  readonly size: bigint;
  /** 32 bytes. */
  readonly rootHash: Uint8Array;
  /** The signed note, with the cosignature lines that were collected for it behind our own. */
  readonly note: string;
  readonly signedAt: Date;
  /** Null while nobody may see it. */
  readonly publishedAt: Date | null;
}

/** How far a log had come, in the words of the log of heads. */
export interface HeadRecord {
  /** Index of the leaf. */
  readonly index: bigint;
  /** Leaf data: the canonical `head/1` leaf. */
  readonly leaf: Uint8Array;
  /** Size of the log that the leaf states. */
  readonly treeSize: bigint;
  /** Size of the newest published checkpoint of the log of heads; it covers the leaf. */
  readonly headsSize: bigint;
}

export type AnchorKind = 'witness' | 'timestamp' | 'copy';

/** What somebody outside said about a checkpoint of the log of heads. */
export interface AnchorRecord {
  readonly size: bigint;
  readonly kind: AnchorKind;
  /** Name of the witness, host of the time-stamping authority, name of the store. */
  readonly who: string;
  /** A cosignature line with its LF, a time stamp token (DER), or where a copy lies. */
  readonly evidence: Uint8Array;
  readonly at: Date;
}
