import { ChainError } from '../errors.js';
import { sha256Hex, toHex } from '../hash.js';
import { canonicalize, isPlain } from '../json/canonical.js';
import type { Json } from '../json/json.js';
import { isCommitment, saltedDigest } from './commitment.js';
import { pointerStep } from './pointer.js';

/** A value that must not stand in hashed bytes, and whom it is about. */
export interface PersonalMark {
  readonly value: Json;
  readonly dataSubject: string | null;
}

export interface SealOptions {
  /** Tells whether a node of the tree is a marked value; null for anything else. */
  readonly personal: (node: object) => PersonalMark | null;
  /** 16 fresh random bytes; called once per commitment, in the order of the paths. */
  readonly nextSalt: () => Uint8Array;
}

/** What is kept beside the payload, to be shown or erased. */
export interface Disclosure {
  /** JSON Pointer of the commitment in the payload. */
  readonly path: string;
  readonly salt: Uint8Array;
  readonly saltHex: string;
  readonly value: Json;
  /** RFC 8785 bytes of `value`: with the salt before them, what the commitment hashes. */
  readonly valueCanonical: Buffer;
  readonly dataSubject: string | null;
}

export interface SealedPayload {
  /** RFC 8785 bytes: what `payload` of the entry covers. */
  readonly canonical: Buffer;
  /** SHA-256 of `canonical`, lower-case hex without the `sha256:` prefix. */
  readonly digestHex: string;
  readonly disclosures: readonly Disclosure[];
}

/**
 * Turns a tree with marked values into payload bytes and disclosures. Members that are undefined are left out. Keys
 * are visited in canonical order, so equal trees and salts give equal bytes.
 *
 * A marked null stays a plain null: it says nothing about anybody, and could not be told from an erased value. A value
 * that itself looks like a commitment (`{"sd": "<64 hex>"}` from a source) is committed like a personal one, for the
 * same reason. Throws as `canonicalize`.
 */
export function sealPayload(tree: unknown, options: SealOptions): SealedPayload {
  const disclosures: Disclosure[] = [];
  const canonical = canonicalize(replace(tree, '', options, disclosures, 0));
  return { canonical, digestHex: sha256Hex(canonical), disclosures };
}

function replace(
  node: unknown,
  path: string,
  options: SealOptions,
  out: Disclosure[],
  depth: number,
): unknown {
  if (typeof node !== 'object' || node === null) return node;
  const mark = options.personal(node);
  if (mark !== null) return mark.value === null ? null : disclose(mark, path, options, out);
  if (depth > 256) throw new ChainError('TOO_DEEP', 'a payload deeper than 256 levels');
  if (Array.isArray(node)) {
    return node.map((item, i) => replace(item, pointerStep(path, i), options, out, depth + 1));
  }
  if (!isPlain(node))
    throw new ChainError('UNSUPPORTED_VALUE', `an instance of a class at ${path}`);
  if (isCommitment(node as Json)) {
    return disclose({ value: node as Json, dataSubject: null }, path, options, out);
  }
  const members: Record<string, unknown> = {};
  for (const key of Object.keys(node).sort()) {
    const member = (node as Record<string, unknown>)[key];
    if (member === undefined) continue;
    if (key === '__proto__') throw new ChainError('UNSUPPORTED_VALUE', 'the key __proto__');
    // Most members are scalars, whose paths nobody asks for.
    members[key] =
      typeof member === 'object' && member !== null
        ? replace(member, pointerStep(path, key), options, out, depth + 1)
        : member;
  }
  return members;
}

function disclose(
  mark: PersonalMark,
  path: string,
  options: SealOptions,
  out: Disclosure[],
): { readonly sd: string } {
  const salt = options.nextSalt();
  const valueCanonical = canonicalize(mark.value);
  const { value, dataSubject } = mark;
  out.push({ path, salt, saltHex: toHex(salt), value, valueCanonical, dataSubject });
  return { sd: saltedDigest(salt, valueCanonical) };
}
