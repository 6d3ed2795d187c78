/**
 * Where a bundle lies: a folder, an archive, memory. It gives bytes and judges nothing but what is a plain file in the
 * bundle; the verifier asks only for paths that the format knows.
 */
export interface BundleReader {
  /** The bytes of a file in chunks; null when there is no plain file of that name. */
  open(path: string): Promise<AsyncIterable<Uint8Array> | null>;
  /** Bytes of a file as the store states them; null when there is none. Checked again while reading. */
  size(path: string): Promise<number | null>;
  /** The paths of all files, in any order, `/` between names. */
  list(): AsyncIterable<string>;
}
