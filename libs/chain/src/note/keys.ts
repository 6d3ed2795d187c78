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

/** C2SP signed-note: the type byte of plain Ed25519 signatures, which logs make. */
export const ED25519 = 0x01;
/** C2SP tlog-cosignature: the type byte of timestamped Ed25519 cosignatures, which witnesses make. */
export const ED25519_COSIGNATURE = 0x04;
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
  const { name, key } = readKey(vkey.trim(), ED25519);
  return verifierOf(name, key);
}

/**
 * Reads a signer key in the form of Go's sumdb/note: `PRIVATE+KEY+name+keyId+base64(type byte || seed)`. Throws
 * ChainError KEY_MALFORMED; the message never quotes the key.
 */
export function parseSignerKey(skey: string): NoteSigner {
  const PREFIX = 'PRIVATE+KEY+';
  const trimmed = skey.trim();
  if (!trimmed.startsWith(PREFIX)) throw malformed('a signer key starts with PRIVATE+KEY+');
  const { name, keyId, key } = splitKey(trimmed.slice(PREFIX.length), ED25519);
  const signer = noteSigner(name, privateKeyFromSeed(key));
  if (signer.keyId !== keyId) throw malformed('the key id does not belong to name and key');
  return signer;
}

/** A signer over an Ed25519 private key. Throws ChainError KEY_MALFORMED. */
export function noteSigner(name: string, privateKey: KeyObject): NoteSigner {
  if (privateKey.type !== 'private' || privateKey.asymmetricKeyType !== 'ed25519') {
    throw malformed('expected an Ed25519 private key');
  }
  const verifier = verifierOf(name, rawPublicKey(privateKey));
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
  const key = ed25519PublicKey(publicKeyBytes);
  return {
    ...identify(name, publicKeyBytes, ED25519),
    verify: (text, signature) => verifyEd25519(key, text, signature),
  };
}

/** Name, key id and vkey of an Ed25519 key used for one type of signature. Throws ChainError KEY_MALFORMED. */
export function identify(
  name: string,
  publicKeyBytes: Uint8Array,
  type: number,
): { readonly name: string; readonly keyId: string; readonly vkey: string } {
  if (!isKeyName(name)) throw malformed('a key name has no white space and no +');
  const typed = Buffer.concat([Buffer.of(type), publicKeyBytes]);
  const keyId = toHex(sha256(Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), typed]))).slice(0, 8);
  return { name, keyId, vkey: `${name}+${keyId}+${encodeBase64(typed)}` };
}

/** Reads the 32 bytes of RFC 8032. Throws ChainError KEY_MALFORMED. */
export function ed25519PublicKey(bytes: Uint8Array): KeyObject {
  if (bytes.byteLength !== KEY_BYTES) throw malformed('an Ed25519 key has 32 bytes');
  return createPublicKey({
    key: Buffer.concat([SPKI_ED25519, bytes]),
    format: 'der',
    type: 'spki',
  });
}

/** False for a signature of another length; never throws. */
export function verifyEd25519(key: KeyObject, text: Uint8Array, signature: Uint8Array): boolean {
  return signature.byteLength === 64 && verifyBytes(null, text, key, signature);
}

/** The 32 bytes of an Ed25519 public key, or of the public half of a private one. */
export function rawPublicKey(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI_ED25519.length);
}

/** The parts of a vkey of one type of signature, checked against its key id. Throws ChainError KEY_MALFORMED. */
export function readKey(vkey: string, type: number): { name: string; key: Uint8Array } {
  const { name, keyId, key } = splitKey(vkey, type);
  if (identify(name, key, type).keyId !== keyId) {
    throw malformed('the key id does not belong to name and key');
  }
  return { name, key };
}

/** `name+keyId+base64`; base64 may itself hold a plus, the name may not. */
function splitKey(text: string, type: number): { name: string; keyId: string; key: Uint8Array } {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text);
  if (match === null) throw malformed('expected name+keyId+base64');
  const [, name = '', keyId = '', encoded = ''] = match;
  const typed = decodeBase64(encoded);
  if (typed?.[0] !== type || typed.length !== 1 + KEY_BYTES) {
    throw malformed(`expected the base64 of type byte 0x0${type} and 32 key bytes`);
  }
  return { name, keyId, key: typed.subarray(1) };
}

function malformed(detail: string): ChainError {
  return new ChainError('KEY_MALFORMED', detail);
}
