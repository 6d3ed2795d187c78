import { join } from 'node:path';
import type { Installation } from './installation.js';
import type { Person } from './person.js';
import { mlflow } from './rigs.js';
import { run, type Ran } from './run.js';
import { ROOT } from './tools.js';

const SCRIPT = join(ROOT, 'tools', 'verify-ledger.py');

/** Runs the verifier that shares no code with the service. */
export function verifyInPython(args: readonly string[], token?: string): Promise<Ran> {
  const python = mlflow?.python ?? 'python3';
  const env = token === undefined ? {} : { COUNTERSIGN_TOKEN: token };
  return run(python, [SCRIPT, ...args], { env });
}

/** The whole ledger of the reader's tenant, over the API of a running service. */
export async function verifyOverApi(
  installation: Installation,
  reader: Person,
  origin: string,
): Promise<Ran> {
  const vkey = await installation.verifierKey(origin);
  const url = `${installation.url}/graphql`;
  return verifyInPython(['--url', url, '--vkey', vkey, '--origin', origin], await reader.token());
}
