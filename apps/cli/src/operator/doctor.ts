import { existsSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describeConfig, projectRoot, type Config } from '@countersign/config';
import { explainConnectionFailure, pendingMigrations } from '@countersign/database';
import { isAppError } from '@countersign/kernel';
import { checkDurability, missingEventTriggers } from '@countersign/ledger';
import { EXIT, type ExitCode } from '../exit.js';
import { table, type Output } from '../output.js';
import { anchoring } from './anchor-findings.js';
import { bad, note, ok, type Finding } from './finding.js';
import { tenantKeys } from './key-findings.js';
import { installation, withDatabase, type Installation } from './runtime.js';

/** Explains what is set, missing or unsafe. Changes nothing. Exit code 2 when something is bad. */
export async function doctor(output: Output): Promise<ExitCode> {
  const settings = describeConfig().map(({ advice, name, state, value }) => [
    state === 'wrong' || state === 'unsafe' ? '!' : state === 'missing' ? '?' : ' ',
    name,
    value,
    advice ?? '',
  ]);
  for (const line of table(settings)) output.out(line);
  output.out('');
  const findings = await examine();
  for (const { advice, state, what } of findings) {
    output.out(`${{ ok: 'ok  ', note: 'note', bad: 'BAD ' }[state]}  ${what}`);
    if (advice !== '') output.out(`      ${advice}`);
  }
  return findings.some(({ state }) => state === 'bad') ? EXIT.incomplete : EXIT.ok;
}

async function examine(): Promise<Finding[]> {
  let where: Installation;
  try {
    where = await installation();
  } catch (error) {
    if (!isAppError(error, 'CONFIG')) throw error;
    return [bad('Settings are wrong; the service would not start.', error.publicMessage)];
  }
  return [
    await database(where),
    signingKey(where.config),
    ...(await tenantKeys(where.config)),
    ...(await anchoring(where)),
    ...(await kafka(where.config)),
    await service(where),
    ...unsafe(where.config),
  ];
}

async function database(where: Installation): Promise<Finding> {
  if (where.config.databaseUrl === null) {
    return bad('No database is configured or running.', 'Set DATABASE_URL, or run npm start.');
  }
  try {
    return await withDatabase(where, async (db) => {
      const [row] = await db.global((q) =>
        q.query<{ version: string; migrated: boolean }>(
          `SELECT current_setting('server_version') AS version, to_regclass('ledger_head') IS NOT NULL AS migrated`,
        ),
      );
      const directory = join(projectRoot(), 'prisma', 'migrations');
      const pending = await db.global((q) => pendingMigrations(q, directory));
      if (row?.migrated !== true || (pending !== null && pending.length > 0)) {
        return bad('The database is not up to date.', 'Run countersign migrate.');
      }
      await checkDurability(db);
      const missing = await db.global(missingEventTriggers);
      if (missing.length > 0) {
        return note(
          `PostgreSQL ${row.version}: durable and up to date, but without the event triggers ${missing.join(', ')}.`,
          'Only a superuser can make them: have one apply those statements of the erasure migration.',
        );
      }
      return ok(`PostgreSQL ${row.version}: right role, durable, up to date`);
    });
  } catch (error) {
    if (isAppError(error)) return bad(error.publicMessage, error.hint ?? '');
    const failure = explainConnectionFailure(error);
    if (failure === null) throw error;
    return bad(failure.message, failure.hint);
  }
}

function signingKey({ dataDir, signingKeyFile }: Config): Finding {
  const file = signingKeyFile ?? join(dataDir, 'keys', 'checkpoint.key');
  if (!existsSync(file)) {
    return signingKeyFile === null
      ? note(`No signing key yet; one is made at ${file} at the first start.`, '')
      : bad(`SIGNING_KEY_FILE ${file} is not there.`, 'Restore it: a new key is a new log.');
  }
  if ((statSync(file).mode & 0o077) !== 0) {
    return bad(`Others may read the signing key ${file}.`, `Run chmod 600 ${file}.`);
  }
  return ok(`signing key ${file}`);
}

async function kafka({ kafka: settings }: Config): Promise<Finding[]> {
  if (settings === null) return [note('No Kafka intake: KAFKA_BROKERS is not set.', '')];
  return Promise.all(
    settings.brokers.map(async (broker) =>
      (await answers(broker))
        ? ok(`Kafka broker ${broker} answers`)
        : bad(`Kafka broker ${broker} does not answer.`, 'Check KAFKA_BROKERS and the network.'),
    ),
  );
}

const PATIENCE_MS = 3_000;

function answers(broker: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${broker}`);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port === '' ? 9092 : port) });
    const done = (reachable: boolean): void => {
      socket.destroy();
      resolve(reachable);
    };
    socket.setTimeout(PATIENCE_MS, () => {
      done(false);
    });
    socket.once('connect', () => {
      done(true);
    });
    socket.once('error', () => {
      done(false);
    });
  });
}

async function service({ url }: Installation): Promise<Finding> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.ok
      ? ok(`service ready at ${url}`)
      : bad(`The service at ${url} is not ready.`, await response.text());
  } catch {
    return note(`No service answers at ${url}.`, '');
  }
}

function unsafe(config: Config): Finding[] {
  if (config.nodeEnv === 'production') return [];
  return [
    note(
      'Development settings: anybody who reaches the port may be any demo person.',
      'For production set NODE_ENV=production and OIDC_ISSUERS.',
    ),
  ];
}
