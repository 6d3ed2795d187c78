import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { AppError } from '@countersign/kernel';

const unzip = promisify(gunzip);

/**
 * The content of a body: what the sender compressed, since a client may compress the same event differently when it
 * repeats it. Bytes that claim to be gzip and are not are given back as they are: the reader will say so.
 * Throws UNSUPPORTED_ENCODING, and PAYLOAD_TOO_LARGE when the content has more than `bytesMax` bytes.
 */
export async function decodeContent(
  body: Buffer,
  encoding: string | undefined,
  bytesMax: number,
): Promise<Buffer> {
  const name = (encoding ?? 'identity').trim().toLowerCase();
  if (name === 'identity' || name === '') return body;
  if (name !== 'gzip' && name !== 'x-gzip') {
    throw new AppError('UNSUPPORTED_ENCODING', {
      publicMessage: 'The body has a content encoding that is not read here.',
      hint: 'Send it with gzip or without compression.',
    });
  }
  try {
    return await unzip(body, { maxOutputLength: bytesMax });
  } catch (error) {
    if (!isTooLarge(error)) return body;
    throw new AppError('PAYLOAD_TOO_LARGE', {
      publicMessage: `The decompressed body has more than ${bytesMax} bytes.`,
      hint: 'Send less at once. Nothing of this request was recorded.',
      cause: error,
    });
  }
}

function isTooLarge(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    error.code === 'ERR_BUFFER_TOO_LARGE'
  );
}
