import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { explainConnectionFailure, type Database } from '@countersign/database';
import { IdentityQueries } from '@countersign/identity';
import { isAppError, systemClock, type TenantId } from '@countersign/kernel';
import {
  exportHeads,
  exportTenant,
  type ExportReport,
  type ExportRequest,
  type ExportTarget,
  type LedgerService,
} from '@countersign/ledger';
import { fileVault } from '@countersign/vault';
import { CommandFailure, EXIT } from '../exit.js';
import { operatorLedger } from '../operator/operator-ledger.js';
import { installation, withDatabase, type Installation } from '../operator/runtime.js';
import type { Output } from '../output.js';
import type { ExportOptions } from './options.js';
import { filterOf } from './filter.js';
import { duration, Rate } from './rate.js';

const TOOL = 'countersign 0.1.0';
const RETRY_MS = 500;
/** Between two lines where there is no terminal to draw on. */
const LINE_EVERY_MS = 10_000;

/** Writes a bundle and says where it is. Ctrl-C stops between two files. */
export async function runExport(options: ExportOptions, output: Output): Promise<void> {
  const request = await requestOf(options);
  const where = await installation();
  const stop = new AbortController();
  const interrupt = (): void => {
    stop.abort();
  };
  process.once('SIGINT', interrupt);
  const began = performance.now();
  try {
    const target = { folder: options.out, signal: stop.signal, ...progressTo(output) };
    const report = await withDatabase(where, (database) =>
      untilPublished(options.wait, stop.signal, output, () =>
        write(where, database, options, request, target),
      ),
    );
    output.progress('');
    output.out(summary(options, report, (performance.now() - began) / 1000));
  } catch (error) {
    output.progress('');
    const failure = explainConnectionFailure(error);
    if (failure !== null) throw new CommandFailure(failure.message, failure.hint);
    if (isAppError(error, 'BAD_REQUEST')) {
      throw new CommandFailure(error.publicMessage, error.hint ?? '', EXIT.usage);
    }
    if (isAppError(error, 'READ_ONLY')) throw unrecordable(error.publicMessage, '--unrecorded');
    if (isAppError(error, 'KEY_DESTROYED')) {
      throw unrecordable(error.publicMessage, '--unrecorded --no-payloads');
    }
    throw error;
  } finally {
    process.off('SIGINT', interrupt);
  }
}

async function requestOf(options: ExportOptions): Promise<ExportRequest | null> {
  const { disclose, evidence, filter, from, heads, payloads, since, tenant, to, withhold } =
    options;
  if ((heads === true) === (tenant !== undefined)) throw usage('Name --tenant <slug> or --heads.');
  if (heads === true) return null;
  if (withhold === true && disclose !== undefined) {
    throw usage('--withhold and --disclose contradict each other.');
  }
  if (!payloads && (filter.length > 0 || evidence === true)) {
    throw usage('--no-payloads leaves nothing for --filter or --evidence to choose.');
  }
  const wrong = disclose?.find((pointer) => !pointer.startsWith('/'));
  if (wrong !== undefined)
    throw usage(`--disclose ${wrong} is no JSON Pointer such as /data/note.`);
  return {
    ...{ from, to, payloads },
    evidence: evidence === true,
    filter: filterOf(filter),
    since: since === undefined ? undefined : await readText(since, '--since'),
    disclose: withhold === true ? [] : (disclose ?? null),
  };
}

async function write(
  where: Installation,
  database: Database,
  options: ExportOptions,
  request: ExportRequest | null,
  target: ExportTarget,
): Promise<ExportReport> {
  const policy = options.policy === undefined ? null : await readText(options.policy, '--policy');
  const context = { database, policy, clock: systemClock, tool: TOOL };
  if (request === null) return exportHeads(context, target);
  const { config } = where;
  const tenantId = await tenantOf(database, options.tenant ?? '');
  const vault = fileVault(config);
  const service = await operatorLedger(database, vault, config);
  try {
    const ledger = await recorder(database, tenantId, service, options.unrecorded === true);
    return await exportTenant({ ...context, ledger, vault, tenantId }, request, target);
  } finally {
    await service.close();
  }
}

/** Nothing goes unrecorded that could be recorded. */
async function recorder(
  database: Database,
  tenantId: TenantId,
  service: LedgerService,
  unrecorded: boolean,
): Promise<LedgerService | null> {
  if (!unrecorded) return service;
  if (service.readOnly !== null) return null;
  const [head] = await database.read(tenantId, (tx) =>
    tx.query<{ frozen: boolean }>(
      `SELECT frozen_reason IS NOT NULL AS frozen FROM ledger_head WHERE tenant_id = $1::uuid`,
      [tenantId],
    ),
  );
  if (head?.frozen === true) return null;
  throw usage('--unrecorded is for a ledger that is read-only, and this one is not.');
}

export async function tenantOf(database: Database, slug: string): Promise<TenantId> {
  const tenant = await new IdentityQueries(database).tenantBySlug(slug);
  if (tenant !== null) return tenant.id;
  throw new CommandFailure(`There is no tenant ${slug}.`, 'Give its slug, such as acme.');
}

/** A ledger that just began has no published checkpoint for a moment. */
async function untilPublished<Result>(
  waitSeconds: number,
  signal: AbortSignal,
  output: Output,
  work: () => Promise<Result>,
): Promise<Result> {
  const until = performance.now() + waitSeconds * 1000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const early = isAppError(error, 'NOT_PUBLISHED') && performance.now() < until;
      if (!early || signal.aborted) throw error;
      output.progress('waiting for a published checkpoint');
      await sleep(RETRY_MS);
    }
  }
}

function progressTo(output: Output): Pick<ExportTarget, 'onProgress'> {
  const rate = new Rate(() => performance.now());
  let told = performance.now();
  return {
    onProgress: ({ done, total }) => {
      const line = rate.line(done, total);
      output.progress(line);
      if (process.stderr.isTTY || performance.now() - told < LINE_EVERY_MS) return;
      told = performance.now();
      output.err(line);
    },
  };
}

function summary(options: ExportOptions, report: ExportReport, took: number): string {
  const what = options.heads === true ? 'leaves of the log of heads' : 'entries';
  const resumed = report.resumedFiles === 0 ? '' : `, ${report.resumedFiles} of them from before`;
  const files = `${report.files} files${resumed}`;
  return `${report.to - report.from} ${what} under the checkpoint of size ${report.size}, ${files}, in ${duration(Math.round(took))}: ${options.out}`;
}

async function readText(path: string, option: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw usage(`${option} ${path} cannot be read.`);
  }
}

function unrecordable(why: string, options: string): CommandFailure {
  return new CommandFailure(
    `${why} An export is recorded, and that cannot be now.`,
    `With ${options} it goes on without the entry.`,
  );
}

function usage(message: string): CommandFailure {
  return new CommandFailure(message, 'See countersign export --help.', EXIT.usage);
}
