import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { systemClock, type TenantId } from '@countersign/kernel';
import {
  CheckpointSigner,
  entryReceipt,
  exportTenant,
  HeadsSequencer,
  LedgerService,
  SigningKeys,
  ThreadRanges,
  VERIFY_LEVELS,
  verifyLive,
  type RangeRunner,
  type VerifyLevel,
} from '@countersign/ledger';
import { noteVerifier, verifyBundle, type TlogPolicy } from '@countersign/chain';
import { fileVault } from '@countersign/vault';
import { selectRows } from '../../libs/ledger/src/verify/range-rows.js';
import { FolderBundle } from '../../apps/cli/src/verify/folder-bundle.js';
import type { VerifyWorkerData } from '../../apps/cli/src/operator/verify-worker.js';
import type { TestDatabase } from '../support/database.js';
import { benchDrafts } from './support/drafts.js';
import { interleavedPairs } from './support/pairs.js';
import { withBenchDatabase } from './support/postgres.js';
import { printReport } from './support/report.js';
import { sizeArgument } from './support/sizes.js';

// npm run bench verify [rows=200000] [pairs=5]
//
// What is compared: `verifyLive`, as `countersign verify --live` calls it (in this thread, and in threads), with a reader
// that streams the same rows by the same statements, columns and driver on one connection, and does nothing with them.
// Both are measured by the clock, PostgreSQL's own work included; the share of this process's CPU stands beside it.
const ROWS = sizeArgument('rows', 200_000);
const PAIRS = sizeArgument('pairs', 5);
const THREADS = Math.min(availableParallelism(), 4);
/** Appends under way at once while the ledger is filled. */
const IN_FLIGHT = 3;
/** Threads read the tenant's key from files, as the command's do. */
const keys = {
  dataDir: await mkdtemp(join(tmpdir(), 'verify-bench-')),
  keyEncryptionKeyFile: null,
  tenantKeysDir: null,
};
const vault = fileVault(keys);
const GOALS: Readonly<Record<VerifyLevel, number>> = { hashes: 0.5, headers: 0.2, payloads: 0.12 };
const RANGE = 65_536;

/** The same rows by the same statements, and nothing done with them. */
async function stream(test: TestDatabase, tenantId: TenantId, level: VerifyLevel): Promise<number> {
  let rows = 0;
  for (let from = 0; from < ROWS; from += RANGE) {
    const to = Math.min(from + RANGE, ROWS);
    rows += await test.database.snapshot(tenantId, (tx) =>
      tx.copyRows(selectRows(tenantId, level, from, to), () => undefined),
    );
  }
  return rows;
}

async function check(
  { database }: TestDatabase,
  tenantId: TenantId,
  level: VerifyLevel,
  runner?: RangeRunner,
): Promise<number> {
  const verdict = await verifyLive(database, tenantId, { vault, level, runner });
  if (!verdict.ok) throw new Error(`the ledger does not verify: ${verdict.rule}`);
  return ROWS;
}

async function fill(test: TestDatabase, ledger: LedgerService): Promise<TenantId> {
  const tenantId = await test.tenant('bench');
  await test.database.sqlTransaction(tenantId, (tx) => ledger.openLog(tx));
  let left = ROWS;
  const writer = async (): Promise<void> => {
    while (left > 0) {
      const count = Math.min(left, 1_000);
      left -= count;
      await ledger.append(tenantId, benchDrafts(count));
    }
  };
  await timed('append', () => Promise.all(Array.from({ length: IN_FLIGHT }, writer)));
  await test.asOwner('VACUUM ANALYZE');
  return tenantId;
}

async function timed<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const start = performance.now();
  const before = process.cpuUsage();
  const result = await work();
  const seconds = (performance.now() - start) / 1000;
  const { system, user } = process.cpuUsage(before);
  const rate = (of: number): string => Math.round(ROWS / of).toLocaleString('en-US');
  const memory = Math.round(process.memoryUsage.rss() / 1024 ** 2);
  process.stdout.write(
    `${what}: ${seconds.toFixed(1)} s, ${rate(seconds)} entries/s, ` +
      `${rate((user + system) / 1e6)} per CPU second, ${memory} MB\n`,
  );
  return result;
}

/** Export with and without payloads, and verification of both bundles. */
async function bundles(
  test: TestDatabase,
  ledger: LedgerService,
  tenantId: TenantId,
  policy: TlogPolicy,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bundle-bench-'));
  try {
    for (const payloads of [false, true]) {
      const path = join(folder, String(payloads));
      const name = payloads ? 'with payloads' : 'headers only';
      const context = {
        ...{ database: test.database, vault, ledger, tenantId },
        ...{ clock: systemClock, tool: 'bench', policy: null },
      };
      await timed(`export, ${name}`, () =>
        exportTenant(context, { payloads, evidence: false, disclose: null }, { folder: path }),
      );
      const report = await timed(`offline verification, ${name}`, () =>
        verifyBundle(new FolderBundle(path), { policy }),
      );
      if (report.verdict !== 'ok') throw new Error(`the bundle is ${report.verdict}`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Receipts of random entries beside a SELECT by primary key, in turns. */
async function proofs(test: TestDatabase, tenantId: TenantId): Promise<void> {
  const times: { proof: number[]; select: number[] } = { proof: [], select: [] };
  for (let n = 0; n < 1_100; n++) {
    const sequence = BigInt(Math.floor(Math.random() * ROWS));
    const before = performance.now();
    await test.database.read(tenantId, (tx) => entryReceipt(tx, sequence));
    const between = performance.now();
    await test.database.read(tenantId, (tx) =>
      tx.query(
        'SELECT canonical FROM ledger_entry WHERE tenant_id = $1::uuid AND seq = $2::bigint',
        [tenantId, sequence],
      ),
    );
    const after = performance.now();
    if (n < 100) continue; // warm up
    times.proof.push(between - before);
    times.select.push(after - between);
  }
  const at = (values: number[], share: number): string =>
    (values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? 0).toFixed(2);
  for (const [name, values] of Object.entries(times)) {
    process.stdout.write(
      `${name} of a random entry: p50 ${at(values, 0.5)} ms, p99 ${at(values, 0.99)} ms\n`,
    );
  }
}

/** The command's own threads. */
function threads(test: TestDatabase): ThreadRanges {
  const program = new URL('../support/verify-thread.mjs', import.meta.url);
  const workerData: VerifyWorkerData = { connectionString: test.url, keys };
  return new ThreadRanges(() => new Worker(program, { workerData }), THREADS);
}

await withBenchDatabase(async (test) => {
  const { database } = test;
  const ledger = new LedgerService({ database, vault, clock: systemClock, connections: 1 });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const signing = { database, clock: systemClock, keys: SigningKeys.of(privateKey) };
  const tenantId = await fill(test, ledger);
  await new CheckpointSigner(signing).signNow(tenantId);
  await new HeadsSequencer(signing).runOnce();
  const [{ origin: log }, { origin: heads }] = (await test.asOwner<{ origin: string }>(
    'SELECT origin FROM ledger_log UNION ALL SELECT origin FROM heads_log',
  )) as [{ origin: string }, { origin: string }];
  const logs = [log, heads].map((origin) => ({
    origin,
    vkey: noteVerifier(origin, publicKey).vkey,
  }));
  const lines = [];
  const pool = threads(test);
  for (const level of VERIFY_LEVELS) {
    for (const runner of [undefined, pool]) {
      const result = await interleavedPairs(
        { name: level, work: () => check(test, tenantId, level, runner) },
        { name: 'stream', work: () => stream(test, tenantId, level) },
        PAIRS,
      );
      const place = runner === undefined ? 'this thread' : `${THREADS} threads`;
      const what = `verify ${level}, ${place} / streaming the same rows`;
      lines.push({ what, unit: 'rows/s', goal: GOALS[level], result });
    }
    await timed(`stream, ${level}`, () => stream(test, tenantId, level));
    await timed(`verify ${level}, this thread`, () => check(test, tenantId, level));
  }
  await pool.close();
  printReport(`Verification of ${ROWS.toLocaleString('en-US')} entries`, lines);
  await proofs(test, tenantId);
  await bundles(test, ledger, tenantId, { logs, witnesses: [], groups: [], quorum: 'none' });
  await ledger.close();
});
await rm(keys.dataDir, { recursive: true });
