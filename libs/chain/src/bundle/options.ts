import type { TlogPolicy } from '../tlog/policy.js';
import type { EntryRule } from '../verify/rules.js';
import type { BundleFaultCode } from './rules.js';

/** What a time-stamp library says about a token and the bytes it should cover. */
export type TimestampVerdict =
  { readonly ok: true; readonly at: Date } | { readonly ok: false; readonly detail: string };

export interface BundleOptions {
  /** The keys and the quorum that you pin. Nothing in a bundle can add to it. */
  readonly policy: TlogPolicy;
  /** A checkpoint of this log (or of its log of heads) that you kept from an earlier time. */
  readonly known?: string | undefined;
  /** Checks an RFC 3161 token against certificates that you pin. Without it tokens are not judged. */
  readonly verifyTimestamp?:
    ((token: Uint8Array, bytes: Uint8Array) => TimestampVerdict) | undefined;
  /** Told now and then how many entries were read. */
  readonly onProgress?: ((done: bigint, total: bigint) => void) | undefined;
  /** For tests that show each rule to be needed: the rules of a bundle that are not applied. */
  readonly without?: ReadonlySet<BundleFaultCode> | undefined;
  /** For the same tests: the rules over entries. */
  readonly rules?: readonly EntryRule[] | undefined;
}
