import { sha256 } from '@countersign/chain';

/** A time stamp token over `bytes`, each time with one bit changed: of what was stamped, of when, or of the signature. */
export function changedTokens(token: Buffer, bytes: Uint8Array): Buffer[] {
  const imprint = token.indexOf(sha256(bytes));
  const time = token.indexOf('Z', imprint) - 1;
  return [imprint, imprint + 31, time, token.length - 1, token.length - 40].map((at) => {
    const changed = Buffer.from(token);
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    return changed;
  });
}
