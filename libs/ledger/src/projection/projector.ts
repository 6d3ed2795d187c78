import type { SqlTx } from '@countersign/database';
import type { TenantSeal } from '@countersign/vault';
import type { EntryRecord } from '../reads/entry-record.js';

/**
 * Turns entries into rows. Pure in its input: the same entries give the same rows, so `clear` and a replay from
 * the start end in identical rows (no now(), no random ids).
 */
export interface Projector {
  /** Key of its cursor; never reused for another meaning. */
  readonly name: string;
  /** Never runs ahead of these projectors. */
  readonly after?: readonly string[];
  /** Exact types or prefixes ending in `.*`; all when absent. Others are skipped without a call. */
  readonly types?: readonly string[];
  /** Also read the evidence bytes of each entry. */
  readonly evidence?: boolean;
  /**
   * The rows show personal values or depend on evidence: they are made again after an erasure. Whatever of them is free
   * text is to be sealed (`seal.sealSteady`), since erasing rows does not clean files, logs and backups.
   */
  readonly personal?: boolean;
  /**
   * Writes the rows of these entries, in sequence order, in the transaction that moves the cursor. `seal` is the
   * tenant's; null once its key was destroyed.
   */
  apply(tx: SqlTx, entries: readonly EntryRecord[], seal: TenantSeal | null): Promise<void>;
  /** Removes every row of tx.tenantId that `apply` made. */
  clear(tx: SqlTx): Promise<void>;
}
