/** Largest tree size and index that is read: a signed 64-bit integer, which every other implementation can hold. */
export const TREE_SIZE_MAX = 2n ** 63n - 1n;
/** Longest proof that is read, as tlog-witness rules; enough for any tree of `TREE_SIZE_MAX` leaves but one in 2^62. */
export const PROOF_HASHES_MAX = 63;

/**
 * A size or index from its decimal digits: no sign, no leading zero, at most `TREE_SIZE_MAX`; null otherwise. The text
 * is never read as a double, which would make 2^53 of 2^53 + 1.
 */
export function parseSize(text: string): bigint | null {
  if (!/^(?:0|[1-9][0-9]{0,18})$/.test(text)) return null;
  const size = BigInt(text);
  return size <= TREE_SIZE_MAX ? size : null;
}

/** True for what `parseSize` could have returned. */
export function isSize(size: bigint): boolean {
  return size >= 0n && size <= TREE_SIZE_MAX;
}
