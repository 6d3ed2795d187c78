/**
 * Where copies of checkpoints go that nobody may change afterwards. Names are made by `copyName`: within a folder they
 * sort with the newest first.
 */
export interface WriteOnceStore {
  /** For people and for the anchor's `who`: no secrets. */
  readonly name: string;
  /**
   * Writes once: `stored` when it is durable, `exists-same` when the same bytes were there, `exists-other` when others
   * were; those stay. Rejects with COPY_FAILED.
   */
  put(name: string, bytes: Uint8Array): Promise<'stored' | 'exists-same' | 'exists-other'>;
  /** The copy that sorts first under `folder/`; null when there is none. Rejects with COPY_FAILED. */
  newest(folder: string): Promise<{ readonly name: string; readonly bytes: Buffer } | null>;
}
