import { sha256Hex } from '@countersign/chain';

/** Larger than every tree size, with as many digits as the largest. */
const BEYOND = 10n ** 19n;

/** The folder of a log's copies: its origin hashed, since an origin may hold slashes. */
export function copyFolder(origin: string): string {
  return sha256Hex(Buffer.from(origin, 'utf8')).slice(0, 32);
}

/**
 * The name of the copy of a checkpoint. It begins with what is missing to 10^19, so that the newest comes first in a
 * list that is sorted: an S3 listing of one key finds it among millions.
 */
export function copyName(origin: string, size: bigint): string {
  const before = (BEYOND - 1n - size).toString().padStart(19, '0');
  return `${copyFolder(origin)}/${before}-${size}.checkpoint`;
}
