import { ChainError } from '../errors.js';
import { sha256Hex, toHex } from '../hash.js';
import {
  canonicalize,
  canonicalString,
  canonicalText,
  isPlain,
  sortedKeys,
} from '../json/canonical.js';
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

/** Levels of a payload. */
const LEVELS_MAX = 256;

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
  const writer = new PayloadWriter(options);
  const canonical = Buffer.from(writer.write(tree), 'utf8');
  return { canonical, digestHex: sha256Hex(canonical), disclosures: writer.disclosures };
}

/** Writes the canonical text in one pass: every entry of every ledger goes through here. */
class PayloadWriter {
  readonly disclosures: Disclosure[] = [];
  /** Keys and indexes from the root to where the writer is; a path is spelled out only for a commitment. */
  readonly #steps: (string | number)[] = [];

  constructor(private readonly options: SealOptions) {}

  write(node: unknown): string {
    if (typeof node !== 'object' || node === null) return canonicalText(node);
    const mark = this.options.personal(node);
    if (mark !== null) return mark.value === null ? 'null' : this.#commit(mark);
    if (this.#steps.length > LEVELS_MAX) {
      throw new ChainError('TOO_DEEP', `a payload deeper than ${LEVELS_MAX} levels`);
    }
    if (Array.isArray(node)) return this.#array(node);
    if (!isPlain(node)) {
      throw new ChainError('UNSUPPORTED_VALUE', `an instance of a class at ${this.#path()}`);
    }
    if (isCommitment(node as Json)) return this.#commit({ value: node as Json, dataSubject: null });
    return this.#object(node as Readonly<Record<string, unknown>>);
  }

  #array(items: readonly unknown[]): string {
    let text = '[';
    for (let i = 0; i < items.length; i++) {
      if (i > 0) text += ',';
      text += this.#below(i, items[i]);
    }
    return text + ']';
  }

  #object(members: Readonly<Record<string, unknown>>): string {
    let text = '{';
    for (const key of sortedKeys(members)) {
      const member = members[key];
      if (member === undefined) continue;
      if (key === '__proto__') throw new ChainError('UNSUPPORTED_VALUE', 'the key __proto__');
      text += (text.length === 1 ? '' : ',') + canonicalString(key) + ':';
      text += this.#below(key, member);
    }
    return text + '}';
  }

  #below(step: string | number, node: unknown): string {
    if (typeof node !== 'object' || node === null) return canonicalText(node);
    this.#steps.push(step);
    const text = this.write(node);
    this.#steps.pop();
    return text;
  }

  #commit({ dataSubject, value }: PersonalMark): string {
    const salt = this.options.nextSalt();
    const valueCanonical = canonicalize(value);
    const path = this.#path();
    this.disclosures.push({ path, salt, saltHex: toHex(salt), value, valueCanonical, dataSubject });
    return `{"sd":"${saltedDigest(salt, valueCanonical)}"}`;
  }

  #path(): string {
    return this.#steps.reduce<string>(pointerStep, '');
  }
}
