import { createHash, verify, X509Certificate } from 'node:crypto';
import { sameBytes, sha256 } from '@countersign/chain';
import {
  Certificate,
  IssuerAndSerialNumber,
  SignedData,
  TimeStampResp,
  TSTInfo,
  type SignerInfo,
} from 'pkijs';
import { DIGESTS, OID, SIGNATURES } from './oids.js';

export type TimestampVerdict =
  { readonly ok: true; readonly at: Date } | { readonly ok: false; readonly detail: string };

export interface TimestampTrust {
  /** Certificates of which one must have signed, or issued the one that signed. Null: the token's own counts. */
  readonly certificates: readonly X509Certificate[] | null;
  /** Of the request, when this is its answer. */
  readonly nonce?: Uint8Array;
}

/**
 * Checks an RFC 3161 answer (`TimeStampResp`, DER): that it was granted, is over SHA-256 of `bytes`, and is signed by an
 * authority that may do nothing else. Offline. Never throws.
 */
export function verifyTimestamp(
  answer: Uint8Array,
  bytes: Uint8Array,
  trust: TimestampTrust,
): TimestampVerdict {
  try {
    const problem = check(answer, bytes, trust);
    return typeof problem === 'string' ? { ok: false, detail: problem } : { ok: true, at: problem };
  } catch (error) {
    // The ASN.1 reader throws for what is no time stamp at all.
    return {
      ok: false,
      detail: `not a time stamp (${error instanceof Error ? error.message : 'unreadable'})`,
    };
  }
}

/** The time, or what is wrong. */
function check(answer: Uint8Array, bytes: Uint8Array, trust: TimestampTrust): Date | string {
  const response = TimeStampResp.fromBER(Uint8Array.from(answer));
  const status: number = response.status.status;
  if (status > 1) return `the authority refused (status ${status})`;
  const token = response.timeStampToken;
  if (token?.contentType !== OID.signedData) return 'it holds no token';
  const signed = new SignedData({ schema: token.content });
  const content = signed.encapContentInfo.eContent?.getValue();
  if (signed.encapContentInfo.eContentType !== OID.timeStampInfo || content === undefined) {
    return 'the token signs something else';
  }
  const info = TSTInfo.fromBER(content);
  const wrong =
    checkInfo(info, bytes, trust.nonce) ??
    checkSigner(signed, new Uint8Array(content), info.genTime, trust);
  return wrong ?? info.genTime;
}

function checkInfo(info: TSTInfo, bytes: Uint8Array, nonce?: Uint8Array): string | null {
  const { hashAlgorithm, hashedMessage } = info.messageImprint;
  if (hashAlgorithm.algorithmId !== OID.sha256) return 'it is not over SHA-256';
  if (!sameBytes(new Uint8Array(hashedMessage.valueBlock.valueHexView), sha256(bytes))) {
    return 'it is over other bytes';
  }
  if (nonce === undefined) return null;
  const repeated = info.nonce?.valueBlock.valueHexView;
  return repeated !== undefined && sameBytes(new Uint8Array(repeated), nonce)
    ? null
    : 'it repeats another nonce';
}

function checkSigner(
  signed: SignedData,
  content: Uint8Array,
  at: Date,
  { certificates }: TimestampTrust,
): string | null {
  const [signer, ...more] = signed.signerInfos;
  if (signer === undefined || more.length > 0) return 'it is not signed exactly once';
  const candidates = [...(certificates ?? []), ...embedded(signed)];
  const certificate = candidates.find((candidate) => isOf(signer, candidate));
  if (certificate === undefined) return 'the certificate that signed it is not known';
  if (certificates !== null && !certificates.some((pinned) => vouches(pinned, certificate))) {
    return 'it is signed by another authority than the pinned one';
  }
  if (certificate.keyUsage.join() !== OID.timeStamping)
    return 'its certificate is not for time stamps alone';
  if (at < new Date(certificate.validFrom) || at > new Date(certificate.validTo)) {
    return 'its certificate was not valid at that time';
  }
  return checkSignature(signer, content, certificate);
}

/** RFC 5652 §5.4: the signature covers the attributes, which hold the digest of the content. */
function checkSignature(
  signer: SignerInfo,
  content: Uint8Array,
  certificate: X509Certificate,
): string | null {
  const digest = DIGESTS[signer.digestAlgorithm.algorithmId];
  const algorithm = SIGNATURES[signer.signatureAlgorithm.algorithmId];
  if (digest === undefined || algorithm === undefined)
    return 'it is signed in a way that is not accepted';
  const attributes = signer.signedAttrs;
  if (attributes === undefined) return 'its signature covers no attributes';
  const valueOf = (type: string): unknown => {
    const found = attributes.attributes.filter((attribute) => attribute.type === type);
    return found.length === 1 && found[0]?.values.length === 1 ? found[0].values[0] : undefined;
  };
  const contentType = valueOf(OID.contentType) as
    { valueBlock?: { toString(): string } } | undefined;
  if (contentType?.valueBlock?.toString() !== OID.timeStampInfo)
    return 'its signature is for another kind of content';
  const messageDigest = valueOf(OID.messageDigest) as
    { valueBlock?: { valueHexView?: Uint8Array } } | undefined;
  const expected = createHash(digest).update(content).digest();
  const found = messageDigest?.valueBlock?.valueHexView;
  if (found === undefined || !sameBytes(new Uint8Array(found), expected))
    return 'its content was changed';
  const signature = new Uint8Array(signer.signature.valueBlock.valueHexView);
  const covered = new Uint8Array(attributes.encodedValue);
  return verify(algorithm ?? digest, covered, certificate.publicKey, signature)
    ? null
    : 'its signature does not hold';
}

function embedded(signed: SignedData): X509Certificate[] {
  return (signed.certificates ?? [])
    .filter((certificate) => certificate instanceof Certificate)
    .map((certificate) => new X509Certificate(new Uint8Array(certificate.toSchema().toBER(false))));
}

/** The signer names its certificate by issuer and serial number. */
function isOf(signer: SignerInfo, certificate: X509Certificate): boolean {
  if (!(signer.sid instanceof IssuerAndSerialNumber)) return false;
  const { issuer, serialNumber } = Certificate.fromBER(Uint8Array.from(certificate.raw));
  return signer.sid.serialNumber.isEqual(serialNumber) && signer.sid.issuer.isEqual(issuer);
}

function vouches(pinned: X509Certificate, certificate: X509Certificate): boolean {
  if (pinned.raw.equals(certificate.raw)) return true;
  return pinned.ca && certificate.checkIssued(pinned) && certificate.verify(pinned.publicKey);
}
