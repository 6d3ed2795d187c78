import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type TenantId } from '@countersign/kernel';
import {
  CheckpointSigner,
  entryReceipt,
  exportTenant,
  HeadsSequencer,
  LedgerService,
  SigningKeys,
  VERIFY_LEVELS,
  verifyLive,
  type VerifyLevel,
} from '@countersign/ledger';
import { noteVerifier, verifyBundle, type TlogPolicy } from '@countersign/chain';
import { selectRows } from '../../libs/ledger/src/verify/range-rows.js';
import { folderReader } from '../../libs/ledger/src/testing/bundle-files.js';
import type { TestDatabase } from '../support/database.js';
import { testVault } from '../support/vault.js';
import { benchDrafts } from './support/drafts.js';
import { interleavedPairs } from './support/pairs.js';
import { withBenchDatabase } from './support/postgres.js';
import { printReport } from './support/report.js';

/** Entries of the ledger: an argument, such as `npx tsx test/bench/verify.bench.ts 1000000`. */
const ROWS = Number(process.argv[2] ?? '200000');
const PAIRS = 5;
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

async function check(test: TestDatabase, tenantId: TenantId, level: VerifyLevel): Promise<number> {
  const verdict = await verifyLive(test.database, tenantId, { vault: testVault(), level });
  if (!verdict.ok) throw new Error(`the ledger does not verify: ${verdict.rule}`);
  return ROWS;
}

async function fill(test: TestDatabase, ledger: LedgerService): Promise<TenantId> {
  const tenantId = await test.tenant('bench');
  await test.database.sqlTransaction(tenantId, (tx) => ledger.openLog(tx));
  for (let left = ROWS; left > 0; left -= 1_000) {
    await ledger.append(tenantId, benchDrafts(Math.min(left, 1_000)));
  }
  await test.asOwner('VACUUM ANALYZE');
  return tenantId;
}

async function timed<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const start = performance.now();
  const result = await work();
  const seconds = (performance.now() - start) / 1000;
  const rate = Math.round(ROWS / seconds).toLocaleString('en-US');
  const memory = Math.round(process.memoryUsage.rss() / 1024 ** 2);
  process.stdout.write(`${what}: ${seconds.toFixed(1)} s, ${rate} entries/s, ${memory} MB\n`);
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
      const vault = testVault();
      const context = {
        ...{ database: test.database, vault, ledger, tenantId },
        ...{ clock: systemClock, tool: 'bench', policy: null },
      };
      await timed(`export, ${name}`, () =>
        exportTenant(context, { payloads, evidence: false, disclose: null }, { folder: path }),
      );
      const report = await timed(`offline verification, ${name}`, () =>
        verifyBundle(folderReader(path), { policy }),
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

await withBenchDatabase(async (test) => {
  const { database } = test;
  const vault = testVault();
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
  for (const level of VERIFY_LEVELS) {
    const result = await interleavedPairs(
      { name: level, work: () => check(test, tenantId, level) },
      { name: 'stream', work: () => stream(test, tenantId, level) },
      PAIRS,
    );
    const what = `verify ${level} / streaming the same rows`;
    lines.push({ what, unit: 'rows/s', goal: GOALS[level], result });
  }
  printReport(`Verification of ${ROWS} entries, one thread`, lines);
  await proofs(test, tenantId);
  await bundles(test, ledger, tenantId, { logs, witnesses: [], groups: [], quorum: 'none' });
  await ledger.close();
});
