import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { requireDatabaseUrl } from '@countersign/config';
import { explainConnectionFailure } from '@countersign/database';
import {
  formatVerifiedState,
  knownLogKeys,
  LedgerQueries,
  parseVerifiedState,
  SigningKeys,
  ThreadRanges,
  verifyLive,
  type LiveVerdict,
  type VerifiedState,
} from '@countersign/ledger';
import { fileVault } from '@countersign/vault';
import { CommandFailure, EXIT, type ExitCode } from '../exit.js';
import { Rate } from '../export/rate.js';
import { tenantOf } from '../export/run-export.js';
import type { Output } from '../output.js';
import type { LiveRequest } from '../verify-command.js';
import { installation, withDatabase, type Installation } from './runtime.js';
import type { VerifyWorkerData } from './verify-worker.js';

/** Walks a tenant's ledger in its database: OK, or the first sequence and rule that do not hold. */
export async function verifyLiveLedger(request: LiveRequest, output: Output): Promise<ExitCode> {
  const where = await installation();
  const verdict = await verify(where, request, output);
  output.progress('');
  if (verdict.ok) {
    const root = Buffer.from(verdict.root).toString('hex');
    output.out(
      request.json
        ? JSON.stringify({ ok: true, size: verdict.size.toString(), rootHash: root })
        : `OK: ${verdict.size} entries, root ${root}`,
    );
    return EXIT.ok;
  }
  const { expected, rule, sequence } = verdict;
  output.out(
    request.json
      ? JSON.stringify({ ok: false, sequence: sequence.toString(), rule, expected })
      : `BAD: sequence ${sequence} breaks ${rule}: expected ${expected}`,
  );
  return EXIT.tampered;
}

async function verify(
  where: Installation,
  request: LiveRequest,
  output: Output,
): Promise<LiveVerdict> {
  const keys = await keysOf(where, output);
  const since = await stateOf(request);
  const runner = pool(where, request);
  try {
    return await withDatabase(where, async (database) => {
      const tenantId = await tenantOf(database, request.tenant);
      const logKeys = keys === null ? undefined : await knownLogKeys(database, keys);
      const rate = new Rate(() => performance.now());
      const verdict = await verifyLive(database, tenantId, {
        ...{ logKeys, since, runner },
        vault: fileVault(where.config),
        level: request.level,
        onProgress: (done, size) => {
          output.progress(rate.line(done, size));
        },
      });
      if (verdict.ok && request.state !== undefined) {
        const log = await database.read(tenantId, (tx) => new LedgerQueries().log(tx));
        await remember(request.state, {
          ...verdict,
          origin: log?.origin ?? '',
          level: request.level,
        });
      }
      return verdict;
    });
  } catch (error) {
    const failure = explainConnectionFailure(error);
    if (failure === null) throw error;
    throw new CommandFailure(failure.message, failure.hint);
  } finally {
    await runner?.close();
  }
}

/** Never makes a key: a checkpoint has to be checked against the one that signed it. */
async function keysOf({ config }: Installation, output: Output): Promise<SigningKeys | null> {
  const file = config.signingKeyFile ?? join(config.dataDir, 'keys', 'checkpoint.key');
  if (existsSync(file)) return SigningKeys.open(file);
  output.err('No signing key here: the signature of the checkpoint is not looked at.');
  return null;
}

/** More hardly help: each keeps a session of the database busy as well. */
const THREADS_MAX = 4;

/** Rows are dropped as they come: a small nursery is emptied more often and costs nothing. */
const resourceLimits = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 256 };

/** Threads for the ranges; undefined for 0, which does them here. */
function pool({ config }: Installation, { workers }: LiveRequest): ThreadRanges | undefined {
  const count = workers ?? Math.min(availableParallelism(), THREADS_MAX);
  if (count === 0) return undefined;
  const { dataDir, keyEncryptionKeyFile, tenantKeysDir } = config;
  const workerData: VerifyWorkerData = {
    connectionString: requireDatabaseUrl(config),
    keys: { dataDir, keyEncryptionKeyFile, tenantKeysDir },
  };
  return new ThreadRanges(
    () =>
      new Worker(new URL('./verify-worker.js', import.meta.url), { workerData, resourceLimits }),
    count,
  );
}

async function stateOf({ full, level, state }: LiveRequest): Promise<VerifiedState | undefined> {
  if (state === undefined || full || !existsSync(state)) return undefined;
  const known = parseVerifiedState(await readFile(state, 'utf8'));
  const order = ['hashes', 'headers', 'payloads'];
  // What was looked at less closely then has to be looked at again.
  return order.indexOf(known.level) < order.indexOf(level) ? undefined : known;
}

async function remember(path: string, state: VerifiedState): Promise<void> {
  await writeFile(`${path}.new`, formatVerifiedState(state));
  await rename(`${path}.new`, path);
}
