import { setTimeout as delay } from 'node:timers/promises';
import { systemClock, type TenantId } from '@countersign/kernel';
import { LedgerQueries } from '../reads/ledger-queries.js';
import {
  commanded,
  delivered,
  ledgerFixture,
  type LedgerFixture,
} from '../testing/ledger-fixture.js';
import { createSeenTable, seen, seenProjector } from '../testing/seen-projector.js';
import {
  ProjectionRunner,
  type ProjectionFailure,
  type ProjectionRunnerOptions,
} from './projection-runner.js';
import type { Projector } from './projector.js';
import { testVault } from '../../../../test/support/vault.js';

describe('ProjectionRunner', () => {
  let fixture: LedgerFixture;
  const queries = new LedgerQueries({ vault: testVault() });
  beforeAll(async () => {
    fixture = await ledgerFixture();
    await createSeenTable(fixture.test);
  });
  afterAll(() => fixture.end());

  const runner = (
    projectors: readonly Projector[],
    options: Partial<ProjectionRunnerOptions> = {},
  ): ProjectionRunner =>
    new ProjectionRunner({
      database: fixture.test.database,
      ledger: fixture.ledger,
      clock: systemClock,
      tenants: () => Promise.resolve([]),
      queries,
      projectors,
      ...options,
    });
  const seenBy = (tenantId: TenantId, name: string): Promise<bigint[]> =>
    fixture.test.database.read(tenantId, (tx) => seen(tx, name));
  const appended = async (count: number): Promise<TenantId> => {
    const tenantId = await fixture.tenant();
    await fixture.ledger.append(
      tenantId,
      Array.from({ length: count }, (_, n) => delivered(n)),
    );
    return tenantId;
  };
  const upTo = (count: number): bigint[] => Array.from({ length: count }, (_, n) => BigInt(n));

  it('shows every entry once, in order, over batches', async () => {
    const tenantId = await appended(1_203);
    const all = runner([seenProjector('all')]);
    await all.catchUp(tenantId);
    await all.catchUp(tenantId);
    expect(await seenBy(tenantId, 'all')).toEqual(upTo(1_203));
  });

  it('skips other types without losing its place, and brings evidence when asked', async () => {
    const tenantId = await appended(3);
    await fixture.ledger.append(tenantId, [commanded(9, { type: 'model_alias.set' })]);
    const versions = seenProjector('versions', { types: ['model_version.*'], evidence: true });
    const run = runner([versions]);
    await run.catchUp(tenantId);
    expect(await seenBy(tenantId, 'versions')).toEqual([0n, 1n, 2n]);
    const cursor = await fixture.test.database.read(tenantId, (tx) => run.cursor(tx, 'versions'));
    expect(cursor).toBe(3n);
    const [row] = await fixture.test.asOwner<{ evidence: Buffer }>(
      'SELECT evidence FROM test_seen WHERE tenant_id = $1 AND projector = $2 AND seq = 2',
      [tenantId, 'versions'],
    );
    expect(row?.evidence.toString()).toBe('{"version":"2"}');
  });

  it('follows appends of this and of other processes, and of commands', async () => {
    const tenantId = await fixture.tenant();
    const run = runner([seenProjector('followed')], { pollMs: 20 });
    run.start();
    await fixture.ledger.append(tenantId, [delivered('here')]);
    await fixture.replica().append(tenantId, [delivered('elsewhere')]);
    await fixture.test.database.sqlTransaction(tenantId, (tx) =>
      fixture.ledger.appendInTx(tx, [commanded('command')]),
    );
    while ((await seenBy(tenantId, 'followed')).length < 3) await delay(10);
    await run.stop();
    expect(await seenBy(tenantId, 'followed')).toEqual([0n, 1n, 2n]);
  });

  it('tries a failing projector again, reports it, skips nothing, and lets the others go on', async () => {
    const tenantId = await appended(3);
    const failures: ProjectionFailure[] = [];
    const good = seenProjector('weak');
    const weak: Projector = {
      ...good,
      apply: async (tx, entries, seal) => {
        await good.apply(tx, entries, seal);
        if (tx.tenantId !== tenantId) return;
        if (!failures.some((failure) => failure.tenantId === tenantId)) throw new Error('not yet');
      },
    };
    const run = runner([weak, seenProjector('strong')], {
      pollMs: 20,
      onFailure: (failure) => failures.push(failure),
    });
    run.start();
    while ((await seenBy(tenantId, 'weak')).length < 3) await delay(10);
    await run.stop();
    const mine = failures.filter((failure) => failure.tenantId === tenantId);
    expect(mine).toMatchObject([{ projector: 'weak', attempt: 1 }]);
    expect(await seenBy(tenantId, 'weak')).toEqual([0n, 1n, 2n]);
    expect(await seenBy(tenantId, 'strong')).toEqual([0n, 1n, 2n]);
  });

  it('never lets a projector run ahead of one it waits for', async () => {
    const tenantId = await appended(2);
    const broken = seenProjector('first', { apply: () => Promise.reject(new Error('broken')) });
    const second = seenProjector('second', { after: ['first'] });
    await expect(runner([second, broken]).catchUp(tenantId)).rejects.toThrow('broken');
    expect(await seenBy(tenantId, 'second')).toEqual([]);
    await runner([second, seenProjector('first')]).catchUp(tenantId);
    expect(await seenBy(tenantId, 'second')).toEqual([0n, 1n]);
  });

  it('refuses projectors that wait for one another', () => {
    const circle = [seenProjector('a', { after: ['b'] }), seenProjector('b', { after: ['a'] })];
    expect(() => runner(circle)).toThrow('BAD_PROJECTORS');
  });

  it('shares the work with replicas: each entry is applied once', async () => {
    const tenantId = await appended(1_500);
    const projector = seenProjector('shared');
    const others = [runner([projector]), runner([projector]), runner([projector])];
    await Promise.all(others.map((other) => other.catchUp(tenantId)));
    expect(await seenBy(tenantId, 'shared')).toEqual(upTo(1_500));
  });

  it('rebuilds identical rows while readers keep seeing the old ones', async () => {
    const tenantId = await appended(700);
    const sizes: number[] = [];
    const base = seenProjector('rebuilt');
    const run = runner([
      {
        ...base,
        apply: async (tx, entries, seal) => {
          await base.apply(tx, entries, seal);
          sizes.push((await seenBy(tenantId, 'rebuilt')).length);
        },
      },
    ]);
    await run.catchUp(tenantId);
    sizes.length = 0;
    await run.rebuild(tenantId, 'rebuilt');
    expect(await seenBy(tenantId, 'rebuilt')).toEqual(upTo(700));
    expect(sizes).toEqual([700, 700]);
    await expect(run.rebuild(tenantId, 'unknown')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('lets a projector append, and a replay adds nothing and does not lock the head', async () => {
    const tenantId = await appended(2);
    const drift: Projector = {
      ...seenProjector('drift', { types: ['model_version.created'] }),
      apply: async (tx, entries) => {
        const alerts = entries
          .filter((entry) => entry.source === 'mlflow/demo')
          .map((entry) => commanded(0, { delivery: `drift:${entry.sequence}` }));
        await fixture.ledger.appendInTx(tx, alerts);
      },
    };
    const run = runner([drift]);
    await run.catchUp(tenantId);
    const size = (): Promise<bigint> =>
      fixture.test.database.read(tenantId, (tx) => queries.size(tx));
    expect(await size()).toBe(4n);
    await run.rebuild(tenantId, 'drift');
    expect(await size()).toBe(4n);
  });
});
