import {
  createPrivateKey,
  createPublicKey,
  sign as signBytes,
  verify as verifyBytes,
  type KeyObject,
} from 'node:crypto';
import { ChainError } from '../errors.js';
import { sha256, toHex } from '../hash.js';
import { decodeBase64, encodeBase64 } from './base64.js';

/** C2SP signed-note: the type byte of plain Ed25519 signatures, the only one spoken here so far. */
const ED25519 = 0x01;
const KEY_BYTES = 32;

/** Verifies the note signatures of one key. Public; may be printed and published. */
export interface NoteVerifier {
  readonly name: string;
  /** First 4 bytes of SHA-256(name || LF || type byte || public key), as 8 hex digits. */
  readonly keyId: string;
  /** `name+keyId+base64(type byte || public key)`: the form that other tools take. */
  readonly vkey: string;
  verify(text: Uint8Array, signature: Uint8Array): boolean;
}

/** Signs notes under one name. */
export interface NoteSigner {
  readonly name: string;
  readonly keyId: string;
  readonly verifier: NoteVerifier;
  sign(text: Uint8Array): Uint8Array;
}

/** Reads a vkey. Throws ChainError KEY_MALFORMED, also when the key id does not fit name and key. */
export function parseVerifierKey(vkey: string): NoteVerifier {
  const { name, keyId, key } = splitKey(vkey.trim());
  const verifier = verifierOf(name, key);
  if (verifier.keyId !== keyId) throw malformed('the key id does not belong to name and key');
  return verifier;
}

/**
 * Reads a signer key in the form of Go's sumdb/note: `PRIVATE+KEY+name+keyId+base64(type byte || seed)`. Throws
 * ChainError KEY_MALFORMED; the message never quotes the key.
 */
export function parseSignerKey(skey: string): NoteSigner {
  const PREFIX = 'PRIVATE+KEY+';
  const trimmed = skey.trim();
  if (!trimmed.startsWith(PREFIX)) throw malformed('a signer key starts with PRIVATE+KEY+');
  const { name, keyId, key } = splitKey(trimmed.slice(PREFIX.length));
  const signer = noteSigner(name, privateKeyFromSeed(key));
  if (signer.keyId !== keyId) throw malformed('the key id does not belong to name and key');
  return signer;
}

/** A signer over an Ed25519 private key. Throws ChainError KEY_MALFORMED. */
export function noteSigner(name: string, privateKey: KeyObject): NoteSigner {
  if (privateKey.type !== 'private' || privateKey.asymmetricKeyType !== 'ed25519') {
    throw malformed('expected an Ed25519 private key');
  }
  const verifier = verifierOf(name, rawPublicKey(createPublicKey(privateKey)));
  const sign = (text: Uint8Array): Uint8Array => signBytes(null, text, privateKey);
  return { name, keyId: verifier.keyId, verifier, sign };
}

/** A verifier over an Ed25519 public key. Throws ChainError KEY_MALFORMED. */
export function noteVerifier(name: string, publicKey: KeyObject): NoteVerifier {
  if (publicKey.type !== 'public' || publicKey.asymmetricKeyType !== 'ed25519') {
    throw malformed('expected an Ed25519 public key');
  }
  return verifierOf(name, rawPublicKey(publicKey));
}

/** The text form of a signer key, for a secret store. Inverse of `parseSignerKey`. Throws KEY_MALFORMED. */
export function formatSignerKey(name: string, privateKey: KeyObject): string {
  const { keyId } = noteSigner(name, privateKey);
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  return `PRIVATE+KEY+${name}+${keyId}+${encodeBase64(Buffer.concat([Buffer.of(ED25519), seed]))}`;
}

/** The Ed25519 private key of a 32-byte seed (RFC 8032). Throws ChainError KEY_MALFORMED. */
export function privateKeyFromSeed(seed: Uint8Array): KeyObject {
  if (seed.byteLength !== KEY_BYTES) throw malformed('an Ed25519 seed has 32 bytes');
  const key = Buffer.concat([PKCS8_ED25519, seed]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

/** C2SP signed-note: a key name is not empty and holds neither white space nor `+`. */
export function isKeyName(name: string): boolean {
  return name !== '' && !/[\s+\p{C}\p{Z}]/u.test(name);
}

// DER of everything before the 32 key bytes (RFC 8410).
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex');

function verifierOf(name: string, publicKeyBytes: Uint8Array): NoteVerifier {
  if (!isKeyName(name)) throw malformed('a key name has no white space and no +');
  if (publicKeyBytes.byteLength !== KEY_BYTES) throw malformed('an Ed25519 key has 32 bytes');
  const typed = Buffer.concat([Buffer.of(ED25519), publicKeyBytes]);
  const keyId = toHex(sha256(Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), typed]))).slice(0, 8);
  const key = createPublicKey({
    key: Buffer.concat([SPKI_ED25519, publicKeyBytes]),
    format: 'der',
    type: 'spki',
  });
  return {
    name,
    keyId,
    vkey: `${name}+${keyId}+${encodeBase64(typed)}`,
    verify: (text, signature) =>
      signature.byteLength === 64 && verifyBytes(null, text, key, signature),
  };
}

function rawPublicKey(publicKey: KeyObject): Uint8Array {
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI_ED25519.length);
}

/** `name+keyId+base64`; base64 may itself hold a plus, the name may not. */
function splitKey(text: string): { name: string; keyId: string; key: Uint8Array } {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text);
  if (match === null) throw malformed('expected name+keyId+base64');
  const [, name = '', keyId = '', encoded = ''] = match;
  const typed = decodeBase64(encoded);
  if (typed?.[0] !== ED25519 || typed.length !== 1 + KEY_BYTES) {
    throw malformed('expected the base64 of type byte 0x01 and 32 key bytes');
  }
  return { name, keyId, key: typed.subarray(1) };
}

function malformed(detail: string): ChainError {
  return new ChainError('KEY_MALFORMED', detail);
}
