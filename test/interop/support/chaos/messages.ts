import type { DraftKind } from './draft.js';

/** What a writer is started with, as JSON in its only argument. */
export interface WriterSettings {
  readonly url: string;
  readonly tenantId: string;
  /** Keys of the installation, shared by its replicas. */
  readonly dataDir: string;
  /** False: the append does not compare the head it replaces. */
  readonly compare: boolean;
}

/** To a writer. Until `begin` it only waits. */
export type ToWriter =
  | { readonly begin: true }
  | { readonly id: number; readonly name: string; readonly kind: DraftKind };

/** From a writer. */
export type FromWriter =
  | { readonly loaded: true }
  | { readonly id: number; readonly sequence: string; readonly duplicate: boolean }
  | { readonly id: number; readonly failed: string }
  /** What its signers could not do. */
  | { readonly alarm: string };
