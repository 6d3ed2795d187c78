import type { ExportFaultCode } from '@countersign/chain';
import type { Chain } from './golden-chain.js';

/** A chain file with one kind of damage, and the verdict every verifier must give. */
export interface ChainCase {
  readonly name: string;
  /** What was done to it, as a sentence. */
  readonly story: string;
  /** Null: the chain is good. */
  readonly code: ExportFaultCode | null;
  readonly sequence: number | null;
  readonly make: () => Chain;
}
