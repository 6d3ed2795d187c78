import type { TenantId } from '@countersign/kernel';

/** One approved change of a registry. */
export interface RegistryChange {
  readonly tenantId: TenantId;
  /** `<kind>/<name>` of the source. */
  readonly source: string;
  readonly model: string;
  /** `stage:<Stage>` or `alias:<name>`. */
  readonly target: string;
  readonly version: string;
  /** The permit under which it happens; the same on every retry. */
  readonly permitId: string;
}

export type RegistryWriteResult =
  /** The registry answered that it did it (or that it already was so). */
  | { readonly outcome: 'applied' }
  /** The source has no address to write to: somebody else acts, and we wait to observe it. */
  | { readonly outcome: 'not_connected' }
  /** The registry refused or could not be reached. `detail` goes into the ledger: no secrets. */
  | { readonly outcome: 'failed'; readonly detail: string };

/**
 * Performs an approved change on a registry. Called outside of any transaction and again with the same
 * `permitId` after a crash, so it must be idempotent (putting an alias or a stage where it already is).
 * Moving a version into a stage archives the versions that held it before.
 */
export interface RegistryWriter {
  apply(change: RegistryChange): Promise<RegistryWriteResult>;
}
