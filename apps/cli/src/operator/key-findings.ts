import { existsSync, readdirSync, statSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import type { Config } from '@countersign/config';
import { isAppError } from '@countersign/kernel';
import { keyPlaces, readKeyEncryptionKeys } from '@countersign/vault';
import { bad, note, ok, type Finding } from './finding.js';

/** Where data keys are kept, and whether that keeps them apart from what they seal. */
export async function tenantKeys(config: Config): Promise<Finding[]> {
  const { directory, keyFile } = keyPlaces(config);
  const findings = [await keyEncryptionKey(keyFile, directory), keyFolder(directory)];
  if (within(directory, resolve(config.dataDir, 'pg'))) {
    findings.push(
      bad(
        `The tenant keys in ${directory} lie in the folder of the database.`,
        'Move them: every backup of the database would bring destroyed keys back.',
      ),
    );
  }
  if (within(keyFile, directory)) {
    findings.push(
      bad(
        `The key-encryption key ${keyFile} lies beside the keys that it wraps.`,
        'Keep it elsewhere: whoever copies the folder has both.',
      ),
    );
  }
  return findings;
}

async function keyEncryptionKey(file: string, directory: string): Promise<Finding> {
  try {
    const keys = await readKeyEncryptionKeys(file);
    if (keys === null) {
      return keyCount(directory) > 0
        ? bad(
            `The key-encryption key ${file} is gone, and ${directory} holds keys that it wrapped.`,
            'Restore it: without it nothing that is sealed can be read.',
          )
        : note(`No key-encryption key yet; one is made at ${file} with the first tenant.`, '');
    }
    if (openToOthers(file)) {
      return bad(`Others may read the key-encryption key ${file}.`, `Run chmod 600 ${file}.`);
    }
    return ok(
      `key-encryption key ${file}${keys.length > 1 ? ` and ${keys.length - 1} older, for countersign rewrap` : ''}`,
    );
  } catch (error) {
    if (isAppError(error)) return bad(error.publicMessage, error.hint ?? '');
    throw error;
  }
}

function keyFolder(directory: string): Finding {
  if (!existsSync(directory)) {
    return note(`No tenant keys yet; they will be kept in ${directory}.`, '');
  }
  if (openToOthers(directory)) {
    return bad(`Others may read the tenant keys in ${directory}.`, `Run chmod 700 ${directory}.`);
  }
  return ok(`${keyCount(directory)} tenant keys in ${directory}`);
}

function keyCount(directory: string): number {
  return existsSync(directory)
    ? readdirSync(directory).filter((name) => name.endsWith('.key')).length
    : 0;
}

function openToOthers(path: string): boolean {
  return (statSync(path).mode & 0o077) !== 0;
}

function within(path: string, folder: string): boolean {
  return resolve(path).startsWith(resolve(folder) + sep);
}
