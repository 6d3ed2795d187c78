import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '@countersign/config';
import { SigningKeys } from '@countersign/ledger';
import { CommandFailure } from '../exit.js';

/** Where this installation keeps its signing keys. */
export function keyFile(config: Pick<Config, 'dataDir' | 'signingKeyFile'>): string {
  return config.signingKeyFile ?? join(config.dataDir, 'keys', 'checkpoint.key');
}

/** The keys that sign. Never makes one: what was signed has to be checked against the one that did. */
export async function signingKeys(
  config: Pick<Config, 'dataDir' | 'signingKeyFile'>,
): Promise<SigningKeys> {
  const file = keyFile(config);
  if (existsSync(file)) return SigningKeys.open(file);
  throw new CommandFailure(
    `There is no signing key at ${file}.`,
    'Run this where the service signs, or set SIGNING_KEY_FILE.',
  );
}
