/** What became of one draft. */
export interface AppendResult {
  /** Of the new entry; for a duplicate or a conflict that of the first delivery. */
  readonly sequence: bigint;
  readonly entryId: string;
  /** 32 bytes. */
  readonly leafHash: Uint8Array;
  /** The same delivery with the same content was there already; nothing was added. */
  readonly duplicate: boolean;
  /** The same delivery with other content was there already; a `delivery.conflict` entry keeps the new bytes. */
  readonly conflict: boolean;
}
