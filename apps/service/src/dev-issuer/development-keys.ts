import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { z } from 'zod';

const keysSchema = z.object({
  jwks: z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) }),
  cookieKey: z.string().min(1),
});

export interface DevelopmentKeys {
  readonly jwks: { readonly keys: readonly JWK[] };
  readonly cookieKey: string;
}

/**
 * Signing keys of the development issuer, kept under DATA_DIR for this user only, so that a token outlives a
 * restart. Two processes that start at once agree on one file.
 */
export async function developmentKeys(dataDir: string): Promise<DevelopmentKeys> {
  const folder = join(dataDir, 'dev-issuer');
  const file = join(folder, 'keys.json');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return (await read(file)) ?? create(file);
}

async function create(file: string): Promise<DevelopmentKeys> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' };
  const keys = { jwks: { keys: [key] }, cookieKey: randomBytes(32).toString('base64url') };
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, JSON.stringify(keys), { mode: 0o600 });
  try {
    // link() does not replace: the first of two wins and the other reads its file.
    await link(draft, file);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await unlink(draft);
  }
  return (await read(file)) ?? keys;
}

async function read(file: string): Promise<DevelopmentKeys | null> {
  try {
    const text = await readFile(file, 'utf8');
    await chmod(file, 0o600);
    return keysSchema.parse(JSON.parse(text));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
