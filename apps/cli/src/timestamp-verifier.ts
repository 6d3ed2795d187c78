import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TimestampVerdict } from '@countersign/chain';
import { CommandFailure, EXIT } from './exit.js';

/**
 * Checks RFC 3161 tokens against the PEM certificates of a file. It stands outside of the verifier's folder because
 * tokens are ASN.1, which takes a library; it is loaded only when certificates were given. Throws CommandFailure.
 */
export async function timestampVerifier(
  file: string,
): Promise<(token: Uint8Array, bytes: Uint8Array) => TimestampVerdict> {
  const certificates = readCertificates(file);
  const { verifyTimestamp } = await import('@countersign/anchor');
  return (token, bytes) => verifyTimestamp(token, bytes, { certificates });
}

function readCertificates(file: string): X509Certificate[] {
  try {
    const pems = readFileSync(file, 'utf8').match(
      /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g,
    );
    if (pems !== null) return pems.map((pem) => new X509Certificate(pem));
  } catch {
    // Falls through: the sentence below says what was expected.
  }
  throw new CommandFailure(
    `The file ${file} holds no certificates.`,
    'Expected PEM: -----BEGIN CERTIFICATE-----.',
    EXIT.usage,
  );
}
