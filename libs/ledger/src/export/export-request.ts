import type { BundleFilter } from '@countersign/chain';

/** What goes into a bundle. Two requests with the same text (canonical JSON) give the same bundle of the same checkpoint. */
export interface ExportRequest {
  /** First sequence; default 0, or the size of `since`. */
  readonly from?: bigint | undefined;
  /** The sequence behind the last; default and most: the size of the checkpoint. */
  readonly to?: bigint | undefined;
  /** A checkpoint of this log that the receiver has; the bundle proves that it goes on from there. */
  readonly since?: string | undefined;
  /** Payloads of the entries that match; of all when absent. Headers are there of every entry. */
  readonly filter?: BundleFilter | undefined;
  /** False leaves out all payloads. */
  readonly payloads: boolean;
  /** Also the received bytes of the entries whose payloads are there. */
  readonly evidence: boolean;
  /**
   * JSON Pointers of the personal values to disclose, `*` standing for one step: `/data/tags/*`. None withholds all;
   * null discloses all that are not erased.
   */
  readonly disclose: readonly string[] | null;
}

/** A file of a bundle that is there before the first entry. */
export interface BundleText {
  readonly path: string;
  /** Base64: time stamps are binary. */
  readonly content: string;
}

/** A request against one state of the ledger: what is fixed for good when an export begins. */
export interface ExportPlan {
  readonly kind: 'tenant' | 'heads';
  readonly size: number;
  readonly from: number;
  readonly to: number;
  /** The request, to tell on a resumption that it is the same one. */
  readonly request: string;
  /** `bundle.json`, checkpoint, proofs: in the order of the bundle's page. */
  readonly texts: readonly BundleText[];
  /** Entries of the ledger when it began, decimal: what was erased since then can be told. */
  readonly began: string;
}

export interface ExportProgress {
  /** Entries of the range that are written. */
  readonly done: bigint;
  readonly total: bigint;
}

export interface ExportReport {
  readonly size: bigint;
  readonly from: bigint;
  readonly to: bigint;
  readonly files: number;
  readonly bytes: number;
  /** Files that an interrupted run had written and that were found good. */
  readonly resumedFiles: number;
}
