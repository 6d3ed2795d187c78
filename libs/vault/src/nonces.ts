import { randomBytes } from 'node:crypto';

const PREFIX_BYTES = 8;
const COUNTER_MAX = 0xffff_ffff;

export const NONCE_BYTES = 12;

let prefix = randomBytes(PREFIX_BYTES);
let counter = 0;

/**
 * Writes the next nonce of this process: a random prefix and a counter (NIST SP 800-38D section 8.2.1). Unlike random
 * nonces, no number of values brings a repetition near: only two processes with the same 64-bit prefix could.
 */
export function writeNonce(into: Buffer, at: number): void {
  if (counter === COUNTER_MAX) {
    prefix = randomBytes(PREFIX_BYTES);
    counter = 0;
  }
  into.set(prefix, at);
  into.writeUInt32BE(counter++, at + PREFIX_BYTES);
}
