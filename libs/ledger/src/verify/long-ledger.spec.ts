import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { sha256, TileBuilder } from '@countersign/chain';
import type { TenantId } from '@countersign/kernel';
import { testVault } from '../../../../test/support/vault.js';
import { ledgerFixture, type LedgerFixture } from '../testing/ledger-fixture.js';
import { plantLedger } from '../testing/planted-ledger.js';
import { RANGE_LEAVES, type RangeRunner } from './range-task.js';
import { LocalRanges } from './run-ranges.js';
import { ThreadRanges } from './thread-ranges.js';
import { UpperTree } from './upper-tree.js';
import type { VerifiedState } from './verified-state.js';
import { verifyLive, type LiveVerdict } from './verify-live.js';

const SIZE = RANGE_LEAVES + 300;

describe('a ledger of more than one range', () => {
  let fixture: LedgerFixture;
  let tenantId: TenantId;
  let threads: ThreadRanges;
  let place: string;

  beforeAll(async () => {
    fixture = await ledgerFixture();
    for (const table of ['entry', 'tile', 'head']) {
      await fixture.test.asOwner(`ALTER TABLE ledger_${table} DISABLE TRIGGER USER`);
    }
    tenantId = await fixture.tenant();
    await plantLedger(fixture.test, tenantId, SIZE);
    place = mkdtempSync(join(tmpdir(), 'threads-'));
    threads = threadsOn(fixture.test.url);
  }, 60_000);
  afterAll(async () => {
    await threads.close();
    rmSync(place, { recursive: true });
    await fixture.end();
  });

  function threadsOn(connectionString: string): ThreadRanges {
    const program = join(process.cwd(), 'test', 'support', 'verify-thread.mjs');
    const keys = { dataDir: place, keyEncryptionKeyFile: null, tenantKeysDir: null };
    const workerData = { connectionString, keys };
    return new ThreadRanges(() => new Worker(program, { workerData, execArgv: [] }), 2);
  }
  const verify = (
    options: { runner?: RangeRunner; since?: VerifiedState; of?: TenantId } = {},
  ): Promise<LiveVerdict> => {
    const { of = tenantId, ...rest } = options;
    return verifyLive(fixture.test.database, of, {
      ...{ vault: testVault(), level: 'headers' },
      ...rest,
    });
  };
  /** Does damage for the time of a look. */
  async function damaged<Result>(
    set: string,
    where: string,
    look: () => Promise<Result>,
  ): Promise<Result> {
    const [table = '', ...change] = set.split(' ');
    const rows = `tenant_id = '${tenantId}' AND ${where}`;
    await fixture.test.asOwner(`CREATE TABLE kept AS SELECT * FROM ${table} WHERE ${rows}`);
    await fixture.test.asOwner(`UPDATE ${table} SET ${change.join(' ')} WHERE ${rows}`);
    try {
      return await look();
    } finally {
      await fixture.test.asOwner(`DELETE FROM ${table} WHERE ${rows}`);
      await fixture.test.asOwner(`INSERT INTO ${table} SELECT * FROM kept`);
      await fixture.test.asOwner('DROP TABLE kept');
    }
  }
  async function state(): Promise<VerifiedState> {
    const verdict = await verify();
    if (!verdict.ok) throw new Error(verdict.rule);
    const { root, size } = verdict;
    return { origin: '', level: 'headers', root, size };
  }

  it('verifies, the same here and in threads', async () => {
    const here = await verify();
    expect(here).toMatchObject({ ok: true, size: BigInt(SIZE), from: 0n });
    expect(await verify({ runner: threads })).toEqual(here);
  });

  it.each([
    ['a leaf hash in the second range', `ledger_entry leaf_hash = sha256('x')`, 'seq = 65600'],
    ['a column in the second range', `ledger_entry actor = 'user:eve'`, 'seq = 65600'],
    ['a tile of level 0', `ledger_tile hashes = set_byte(hashes, 9, 0)`, 'level = 0 AND idx = 256'],
    ['a tile of level 1', `ledger_tile hashes = set_byte(hashes, 9, 0)`, 'level = 1 AND idx = 0'],
    ['the root of a tile of level 1', `ledger_tile root = sha256('x')`, 'level = 1 AND idx = 0'],
  ])('shows %s, here and from a thread', async (_, set, where) => {
    await damaged(set, where, async () => {
      const here = await verify();
      expect(here.ok).toBe(false);
      expect(await verify({ runner: threads })).toEqual(here);
    });
  });

  it('holds the times on both sides of a border against each other, which no range sees alone', async () => {
    const other = await fixture.tenant();
    await plantLedger(fixture.test, other, RANGE_LEAVES + 2, {
      recordedAt: (n) =>
        n < RANGE_LEAVES ? '2026-11-21T07:00:00.000Z' : '2026-11-21T06:59:59.999Z',
    });
    for (const runner of [new LocalRanges(fixture.test.database, testVault()), threads]) {
      expect(await verify({ of: other, runner })).toMatchObject({
        ok: false,
        sequence: BigInt(RANGE_LEAVES),
        rule: 'RECORDED_AT_DECREASED',
      });
    }
    // The mutant that joins nothing: each range by itself is whole.
    const local = new LocalRanges(fixture.test.database, testVault());
    const task = { tenantId: other, level: 'headers', marks: [] } as const;
    for (const [from, to] of [
      [0, RANGE_LEAVES],
      [RANGE_LEAVES, RANGE_LEAVES + 2],
    ] as const) {
      expect((await local.run({ ...task, from, to })).fault).toBeNull();
    }
  }, 60_000);

  it('goes on from an earlier check at the last border, and still needs the tree before it', async () => {
    const since = await state();
    expect(await verify({ since })).toMatchObject({ ok: true, from: BigInt(RANGE_LEAVES) });
    const look = (): Promise<LiveVerdict> => verify({ since });
    const behind = await damaged(`ledger_entry actor = 'user:eve'`, 'seq = 65700', look);
    expect(behind).toMatchObject({ ok: false, sequence: 65_700n, rule: 'COLUMN_MISMATCH' });
    // Before the border entries are taken as checked; the roots above them are not.
    const before = await damaged(`ledger_entry actor = 'user:eve'`, 'seq = 100', look);
    expect(before).toMatchObject({ ok: true });
    const root = await damaged(`ledger_tile root = sha256('x')`, 'level = 1 AND idx = 0', look);
    expect(root).toMatchObject({ ok: false, rule: 'ROOT_MISMATCH' });
    const other = { ...since, root: sha256('x') };
    expect(await verify({ since: other })).toMatchObject({ ok: false, rule: 'ROOT_MISMATCH' });
    const ahead = { ...since, size: since.size + 1n };
    expect(await verify({ since: ahead })).toMatchObject({ ok: false, rule: 'ENTRIES_MISSING' });
  });

  it('is not verified when its threads cannot read it', async () => {
    const broken = threadsOn(fixture.test.url.replace(/[^/]+$/, 'nowhere'));
    await expect(verify({ runner: broken })).rejects.toThrow();
    await broken.close();
  });

  it('has tiles of level 2 above 256 ranges, which are compared too', async () => {
    const { database } = fixture.test;
    const owner = await fixture.tenant();
    const roots = Array.from({ length: 256 }, (_, n) => sha256(String(n)));
    const [tile] = TileBuilder.empty().append(roots);
    const push = async (): Promise<unknown[]> => {
      const upper = await UpperTree.load(database, owner, 0);
      const faults = [];
      for (const root of roots) faults.push(await upper.push(root));
      return faults.filter((fault) => fault !== null);
    };
    expect(await push()).toMatchObject([{ rule: 'TILE_MISMATCH', sequence: 0n }]);
    await fixture.test.asOwner('INSERT INTO ledger_tile VALUES ($1, 2, 0, $2, $3)', [
      ...[owner, tile?.root, tile?.hashes],
    ]);
    expect(await push()).toEqual([]);
    await fixture.test.asOwner('UPDATE ledger_tile SET root = $2 WHERE tenant_id = $1', [
      ...[owner, sha256('x')],
    ]);
    expect(await push()).toMatchObject([{ rule: 'TILE_MISMATCH' }]);
  });
});
