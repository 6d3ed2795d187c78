import { HASH_BYTES } from '../hash.js';
import { decodeBase64, encodeBase64 } from '../note/base64.js';
import { PROOF_HASHES_MAX } from './size.js';

/** One hash a line in base64, each line ended by LF: how every C2SP format writes a Merkle proof. */
export function formatHashLines(hashes: readonly Uint8Array[]): string {
  return hashes.map((hash) => `${encodeBase64(hash)}\n`).join('');
}

/** The hashes of such lines (without their LF); null for more than 63, or for a line that is not 32 bytes in base64. */
export function parseHashLines(lines: readonly string[]): Buffer[] | null {
  if (lines.length > PROOF_HASHES_MAX) return null;
  const hashes: Buffer[] = [];
  for (const line of lines) {
    const hash = line.length === 44 ? decodeBase64(line) : null;
    if (hash?.length !== HASH_BYTES) return null;
    hashes.push(hash);
  }
  return hashes;
}
