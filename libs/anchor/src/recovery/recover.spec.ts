import type { Database } from '@countersign/database';
import { systemClock, type TenantId } from '@countersign/kernel';
import { closeTenant, HeadsQueries, LedgerService } from '@countersign/ledger';
import { testVault } from '../../../../test/support/vault.js';
import { delivered } from '../../../ledger/src/testing/ledger-fixture.js';
import { currentFreeze, freezeInstallation } from '../freeze/freeze-store.js';
import type { Contradiction } from '../outside/store-check.js';
import { KEYS, Store } from '../testing/outside-rig.js';
import { recover } from './recover.js';
import type { RecoveryOptions } from './recovery-options.js';

type Steps = RecoveryOptions['database'];

/** What is left of a database for a process that ends at its n-th transaction: before, in it, or before it heard. */
function endingAt(step: number, how: 'before' | 'within' | 'after', database: Database): Steps {
  let count = 0;
  const killed = new Error('killed');
  const run = async <Result>(
    start: (fail: () => void) => Promise<Result>,
  ): Promise<Awaited<Result>> => {
    // At the next one where the n-th fails by itself, as that of a closed tenant does: who is dead stays dead.
    const last = ++count >= step;
    if (last && how === 'before') throw killed;
    const result = await start(() => {
      if (last && how === 'within') throw killed;
    });
    if (last && how === 'after') throw killed;
    return result;
  };
  return {
    global: (work) =>
      run((fail) =>
        database.global(async (db) => {
          const result = await work(db);
          fail();
          return result;
        }),
      ),
    sqlTransaction: (tenantId, work) =>
      run((fail) =>
        database.sqlTransaction(tenantId, async (tx) => {
          const result = await work(tx);
          fail();
          return result;
        }),
      ),
  };
}

describe('a recovery', () => {
  let store: Store;
  let own: LedgerService;
  let tenants: TenantId[];
  let database: Database;

  beforeEach(async () => {
    store = await Store.open();
    ({ database } = store.fixture.test);
    own = new LedgerService({ database, clock: systemClock, vault: testVault() });
    tenants = [];
    for (let i = 0; i < 4; i++) {
      tenants.push(await store.fixture.tenant());
      await own.append(tenants[i]!, [delivered(i)]);
    }
    await store.heads.runOnce();
    const deps = { database, ledger: own, vault: testVault(), clock: systemClock };
    await closeTenant(deps, tenants[1]!, 'contract ended');
    await database.sqlTransaction(tenants[2]!, (tx) => own.freeze(tx, 'rows were changed'));
    await freeze('w1');
  });
  afterEach(async () => {
    await own.close();
    await store.fixture.end();
  });

  const freeze = async (source: string, at = systemClock.now()): Promise<void> => {
    const log = await database.global((db) => new HeadsQueries().current(db));
    const found: Contradiction = {
      code: 'STORE_BEHIND',
      reason: 'it was rolled back',
      origin: log?.origin ?? '',
      source,
      outsideSize: 99n,
      outsideNote: null,
      storeSize: 4n,
    };
    await database.global((db) => freezeInstallation(db, found, at));
  };
  const options = (steps: Steps = database, clock = systemClock): RecoveryOptions => ({
    database: steps,
    ledger: own,
    keys: KEYS,
    clock,
    logName: 'countersign.local',
    reason: 'disk lost',
    operator: 'omar',
  });
  /** Logs of each tenant, entries that say so, logs of heads, freezes that were dealt with. */
  const counts = async (): Promise<unknown> => {
    const { asOwner } = store.fixture.test;
    const gaps = await asOwner<{ tenant_id: string; gaps: number; logs: number }>(
      `SELECT tenant_id, count(*)::int AS logs,
         (SELECT count(*)::int FROM ledger_entry e
          WHERE e.tenant_id = l.tenant_id AND e.type = 'ledger.gap_recorded') AS gaps
       FROM ledger_log l GROUP BY tenant_id`,
    );
    const [rest] = await asOwner(
      `SELECT (SELECT count(*)::int FROM heads_log) AS heads,
         (SELECT count(*)::int FROM installation_freeze) AS freezes,
         (SELECT count(*)::int FROM installation_recovery) AS recoveries`,
    );
    const of = (id: TenantId) => gaps.find(({ tenant_id: tenantId }) => tenantId === id);
    return {
      ...rest,
      logs: tenants.map((id) => of(id)?.logs),
      gaps: tenants.map((id) => of(id)?.gaps),
    };
  };
  const ONCE = { heads: 2, logs: [2, 2, 2, 2], gaps: [1, 0, 1, 1] };

  it.each(['before', 'within', 'after'] as const)(
    'that ends %s any of its steps goes on there when it is repeated: one successor and one entry each',
    async (how) => {
      let killed = 0;
      // Two reads, a transaction per tenant and one more for the closed one, and the log of heads.
      for (let round = 1; round <= 8; round++) {
        const first = await recover(options(endingAt(round, how, database))).catch(() => 'killed');
        if (first === 'killed') killed++;
        const midway = await database.global((db) => currentFreeze(db));
        const report = await recover(options());
        expect(await counts()).toEqual({
          heads: 1 + round,
          freezes: round,
          recoveries: round,
          logs: ONCE.logs.map((logs) => logs - 1 + round),
          gaps: ONCE.gaps.map((gaps) => gaps * round),
        });
        // Who repeats it is told all of it, as long as there is something to repeat.
        if (midway !== null) {
          expect(report?.tenants.map(({ tenantId }) => tenantId).sort()).toEqual(
            [...tenants].sort(),
          );
          expect(new Set(report?.tenants.map(({ newOrigin }) => newOrigin)).size).toBe(4);
          expect(report?.heads).not.toBeNull();
        } else expect(report).toBeNull();
        await freeze(`w${round + 1}`);
      }
      expect(killed).toBe(8);
    },
    60_000,
  );

  it('that two operators run at once gives one successor each', async () => {
    const reports = await Promise.all([recover(options()), recover(options())]);
    expect(await counts()).toMatchObject({ ...ONCE, recoveries: 1 });
    const [one, other] = reports.filter((report) => report !== null);
    if (other !== undefined) expect(other.heads).toEqual(one?.heads);
  });

  it('that is repeated after one more freeze was found is still one recovery, of both', async () => {
    await recover(options(endingAt(4, 'after', database))).catch(() => undefined);
    await freeze('copy', new Date(0)); // by a machine whose clock is behind
    await recover(options());
    expect(await counts()).toEqual({ ...ONCE, freezes: 2, recoveries: 2 });
    expect(await database.global((db) => currentFreeze(db))).toBeNull();
  });

  it('after another one, by machines whose clocks contradict, is a recovery of its own', async () => {
    const ahead = { now: () => new Date(Date.now() + 86_400_000) };
    await recover(options(database, ahead));
    await freeze('w9');
    await recover(options(database, { now: () => new Date(Date.now() - 86_400_000) }));
    expect(await counts()).toEqual({
      ...{ heads: 3, logs: [3, 3, 3, 3], gaps: [2, 0, 2, 2] },
      ...{ freezes: 2, recoveries: 2 },
    });
  });

  it('ends what is said about the old log of heads: it freezes nothing afterwards', async () => {
    const log = await database.global((db) => new HeadsQueries().current(db));
    await recover(options());
    const late: Contradiction = {
      ...{ code: 'STORE_BEHIND', reason: 'late', origin: log?.origin ?? '', source: 'w2' },
      ...{ outsideSize: 99n, outsideNote: null, storeSize: 4n },
    };
    await database.global((db) => freezeInstallation(db, late, systemClock.now()));
    expect(await database.global((db) => currentFreeze(db))).toBeNull();
  });

  it('cannot give a log two successors, whoever tries', async () => {
    await recover(options());
    const { asOwner } = store.fixture.test;
    await expect(
      asOwner(
        `INSERT INTO ledger_log (tenant_id, log_id, origin, opened_at, predecessor)
         SELECT tenant_id, gen_random_uuid(), 'x/y', now(), predecessor
         FROM ledger_log WHERE predecessor IS NOT NULL LIMIT 1`,
      ),
    ).rejects.toThrow('ledger_log_tenant_id_predecessor_key');
    await expect(
      asOwner(
        `INSERT INTO heads_log (log_id, origin, opened_at, predecessor)
         SELECT gen_random_uuid(), 'x/heads/y', now(), predecessor
         FROM heads_log WHERE predecessor IS NOT NULL`,
      ),
    ).rejects.toThrow('heads_log_predecessor_key');
  });
});
