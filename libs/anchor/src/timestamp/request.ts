import { randomBytes } from 'node:crypto';
import { sha256 } from '@countersign/chain';
import { Integer, OctetString } from 'asn1js';
import { AlgorithmIdentifier, MessageImprint, TimeStampReq } from 'pkijs';
import { OID } from './oids.js';

export interface TimestampRequest {
  /** application/timestamp-query */
  readonly der: Uint8Array;
  /** The answer must repeat it: an old token is not taken for a new one. */
  readonly nonce: Uint8Array;
}

/** An RFC 3161 request over SHA-256 of `bytes`, with a nonce, asking for the certificate too. */
export function timestampRequest(bytes: Uint8Array, random = randomBytes(8)): TimestampRequest {
  const nonce = Uint8Array.from(random);
  // A positive INTEGER without a leading zero byte: one encoding only.
  nonce[0] = ((nonce[0] ?? 0) & 0x7f) | 0x40;
  const request = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: OID.sha256 }),
      hashedMessage: new OctetString({ valueHex: Uint8Array.from(sha256(bytes)).buffer }),
    }),
    nonce: new Integer({ valueHex: nonce.buffer }),
    certReq: true,
  });
  return { der: new Uint8Array(request.toSchema().toBER(false)), nonce };
}
