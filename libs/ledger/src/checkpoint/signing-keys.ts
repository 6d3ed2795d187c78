import type { KeyObject } from 'node:crypto';
import { stat } from 'node:fs/promises';
import {
  noteSigner,
  privateKeyFromSeed,
  type NoteSigner,
  type NoteVerifier,
} from '@countersign/chain';
import { createSeeds, readSeeds, unusable } from './seed-file.js';

/**
 * The Ed25519 keys that sign checkpoints: the current one and, while a rotation overlaps, the ones before. Every note
 * gets one signature line per key, so that a reader who pinned either of them goes on verifying. One installation signs
 * all its logs with the same keys; each log has verifier keys of its own, because its name is part of them.
 */
export class SigningKeys {
  #keys: readonly KeyObject[];
  #stamp: string;

  private constructor(
    private readonly path: string | null,
    keys: readonly KeyObject[],
    stamp: string,
  ) {
    this.#keys = keys;
    this.#stamp = stamp;
  }

  /**
   * The keys of a file: 32 bytes of seed in base64 a line, the current key first. The file is made with one key and mode
   * 0600 when it is missing. Every replica must be given the same file. Throws SIGNING_KEY.
   */
  static async open(path: string): Promise<SigningKeys> {
    let stamp = await stampOf(path);
    let seeds = await readSeeds(path);
    if (seeds === null) {
      await createSeeds(path);
      stamp = await stampOf(path);
      seeds = await readSeeds(path);
    }
    if (seeds === null) throw unusable(path, 'it cannot be created');
    return new SigningKeys(path, seeds.map(privateKeyFromSeed), stamp);
  }

  /** Keys that never change. */
  static of(...keys: readonly [KeyObject, ...KeyObject[]]): SigningKeys {
    return new SigningKeys(null, keys, '');
  }

  /** The newest key. */
  get current(): KeyObject {
    const [newest] = this.#keys;
    if (newest === undefined) throw unusable(this.path ?? '', 'it holds no key');
    return newest;
  }

  /** All keys that sign, the newest first. */
  get all(): readonly KeyObject[] {
    return this.#keys;
  }

  /** One signer per key under the name of a log, the newest first. */
  signers(origin: string): NoteSigner[] {
    return this.#keys.map((key) => noteSigner(origin, key));
  }

  /** The same keys for checking. */
  verifiers(origin: string): NoteVerifier[] {
    return this.signers(origin).map((signer) => signer.verifier);
  }

  /**
   * Reads the file again when it changed since the last time; true when it did. Throws SIGNING_KEY for a file that
   * became unusable: the keys from before then stay.
   */
  async refresh(): Promise<boolean> {
    if (this.path === null) return false;
    const stamp = await stampOf(this.path);
    if (stamp === this.#stamp) return false;
    const seeds = await readSeeds(this.path);
    if (seeds === null) throw unusable(this.path, 'it is gone');
    this.#keys = seeds.map(privateKeyFromSeed);
    this.#stamp = stamp;
    return true;
  }
}

/** Changes with the content of a file; empty when there is none. */
async function stampOf(path: string): Promise<string> {
  try {
    const { ino, mtimeNs, size } = await stat(path, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch {
    return '';
  }
}
