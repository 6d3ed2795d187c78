import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asTenantId, isUuid, type TenantId } from '@countersign/kernel';
import { createFileOnce, destroyFile, isErrno, replaceFile } from './durable-files.js';
import {
  createKeyEncryptionKey,
  keyEncryptionKeyOf,
  readKeyEncryptionKeys,
  type KeyEncryptionKey,
} from './key-encryption-keys.js';
import type { RewrapReport, TenantKeyStore } from './tenant-key-store.js';
import { keyDestroyed, keyEncryptionKey } from './vault-errors.js';
import { unwrapKey, wrapKey, wrappedUnder } from './wrapped-key.js';

export interface FileTenantKeyStoreOptions {
  /** One file per tenant, shared by all replicas. Not to be kept with backups of the database. */
  readonly directory: string;
  /** See readKeyEncryptionKeys. Made when it is missing and nothing is wrapped yet. */
  readonly keyFile: string;
}

const DATA_KEY_BYTES = 32;
const KEY_SUFFIX = '.key';

/** Tenant keys in a folder: `<tenant>.key` holds the wrapped key, `<tenant>.destroyed` says when it was destroyed. */
export class FileTenantKeyStore implements TenantKeyStore {
  readonly #directory: string;
  readonly #keyFile: string;
  #keys: readonly KeyEncryptionKey[] | null = null;

  constructor(options: FileTenantKeyStoreOptions) {
    this.#directory = options.directory;
    this.#keyFile = options.keyFile;
  }

  async load(tenantId: TenantId): Promise<Uint8Array | null> {
    await this.#refuseDestroyed(tenantId);
    const wrapped = await readText(this.#keyPath(tenantId));
    if (wrapped === null) {
      await this.#refuseDestroyed(tenantId); // in the meantime
      return null;
    }
    return this.#unwrap(tenantId, wrapped);
  }

  async create(tenantId: TenantId): Promise<Uint8Array> {
    const known = await this.load(tenantId);
    if (known !== null) return known;
    const [current] = await this.#keyring();
    if (current === undefined) throw noKey(this.#keyFile);
    const dataKey = randomBytes(DATA_KEY_BYTES);
    const made = await createFileOnce(this.#keyPath(tenantId), wrapKey(current, tenantId, dataKey));
    if (made) return dataKey;
    const theirs = await this.load(tenantId);
    if (theirs === null) throw noKey(this.#keyPath(tenantId));
    return theirs;
  }

  async destroy(tenantId: TenantId, at: Date): Promise<void> {
    // The mark first: after a crash between the two the key counts as destroyed, and a repetition removes it.
    const mark = `${JSON.stringify({ destroyedAt: at.toISOString(), tenant: tenantId })}\n`;
    await createFileOnce(this.#markPath(tenantId), mark);
    await destroyFile(this.#keyPath(tenantId));
  }

  async rewrap(newKey: Uint8Array, onProgress?: (done: number) => void): Promise<RewrapReport> {
    const next = keyEncryptionKeyOf(newKey);
    let rewrapped = 0;
    let already = 0;
    for (const tenantId of await this.#tenants()) {
      const path = this.#keyPath(tenantId);
      const wrapped = await readText(path);
      if (wrapped === null) continue;
      if (wrappedUnder(wrapped) === next.id) already++;
      else {
        const dataKey = await this.#unwrap(tenantId, wrapped);
        await replaceFile(path, wrapKey(next, tenantId, dataKey));
        // Destroyed in the meantime: the replacement must not bring it back.
        if ((await readText(this.#markPath(tenantId))) !== null) await destroyFile(path);
        rewrapped++;
      }
      onProgress?.(rewrapped + already);
    }
    return { rewrapped, already };
  }

  async #unwrap(tenantId: TenantId, wrapped: string): Promise<Uint8Array> {
    const id = wrappedUnder(wrapped);
    const has = (key: KeyEncryptionKey): boolean => key.id === id;
    let wrapping = (await this.#keyring()).find(has);
    if (wrapping === undefined) {
      this.#keys = null; // perhaps the file has it by now
      wrapping = (await this.#keyring()).find(has);
    }
    if (wrapping === undefined) {
      throw keyEncryptionKey(
        `The key ${this.#keyPath(tenantId)} is wrapped under the key-encryption key ${id ?? '?'}, which is not in ${this.#keyFile}.`,
        'Add that key to the file as a further line.',
      );
    }
    return unwrapKey(wrapping, tenantId, wrapped);
  }

  async #keyring(): Promise<readonly KeyEncryptionKey[]> {
    this.#keys ??= await this.#readKeyring();
    return this.#keys;
  }

  async #readKeyring(): Promise<readonly KeyEncryptionKey[]> {
    const found = await readKeyEncryptionKeys(this.#keyFile);
    if (found !== null) return found;
    if ((await this.#tenants()).length > 0) {
      throw keyEncryptionKey(
        `The key-encryption key file ${this.#keyFile} is gone, and ${this.#directory} holds keys that it wrapped.`,
        'Restore the file. A new key would open none of them.',
      );
    }
    await createKeyEncryptionKey(this.#keyFile);
    const made = await readKeyEncryptionKeys(this.#keyFile);
    if (made === null) throw noKey(this.#keyFile);
    return made;
  }

  async #refuseDestroyed(tenantId: TenantId): Promise<void> {
    const mark = await readText(this.#markPath(tenantId));
    if (mark === null) return;
    throw keyDestroyed(tenantId, /"destroyedAt":"([^"]+)"/.exec(mark)?.[1] ?? 'an unknown time');
  }

  /** Tenants that have a key file. */
  async #tenants(): Promise<TenantId[]> {
    let names: string[];
    try {
      names = await readdir(this.#directory);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    }
    const ids = names
      .filter((name) => name.endsWith(KEY_SUFFIX))
      .map((name) => name.slice(0, -KEY_SUFFIX.length));
    return ids.filter(isUuid).sort().map(asTenantId);
  }

  #keyPath(tenantId: TenantId): string {
    return join(this.#directory, `${tenantId}${KEY_SUFFIX}`);
  }

  #markPath(tenantId: TenantId): string {
    return join(this.#directory, `${tenantId}.destroyed`);
  }
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw keyEncryptionKey(`${path} cannot be read.`, 'Check owner and mode of the folder.', error);
  }
}

function noKey(path: string): Error {
  return keyEncryptionKey(`${path} cannot be made.`, 'Check the folder and its rights.');
}
