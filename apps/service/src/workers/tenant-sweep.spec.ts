import { setTimeout as sleep } from 'node:timers/promises';
import { asTenantId, type TenantId } from '@countersign/kernel';
import { TenantSweep } from './tenant-sweep.js';

const ids = ['a', 'b', 'c'].map((letter) =>
  asTenantId(`${letter.repeat(8)}-0000-4000-8000-000000000000`),
);

describe('TenantSweep', () => {
  const sweep = (
    work: (tenantId: TenantId) => Promise<unknown>,
    failures: unknown[] = [],
  ): TenantSweep =>
    new TenantSweep({
      name: 'test',
      everyMs: 1,
      tenants: () => Promise.resolve(ids),
      work,
      onFailure: (failure) => failures.push(failure),
    });

  it('serves every tenant, again and again, until it is stopped', async () => {
    const served: TenantId[] = [];
    const subject = sweep((tenantId) => Promise.resolve(served.push(tenantId)));
    subject.start();
    while (served.length < 9) await sleep(1);
    await subject.stop();
    const count = served.length;
    expect(served.slice(0, 6)).toEqual([...ids, ...ids]);
    await sleep(20);
    expect(served).toHaveLength(count);
  });

  it('lets one tenant that fails keep nobody from their turn', async () => {
    const served: TenantId[] = [];
    const failures: unknown[] = [];
    const subject = sweep((tenantId) => {
      if (tenantId === ids[0]) return Promise.reject(new Error('broken'));
      return Promise.resolve(served.push(tenantId));
    }, failures);
    subject.start();
    while (served.length < 4) await sleep(1);
    await subject.stop();
    expect(served.slice(0, 2)).toEqual([ids[1], ids[2]]);
    expect(failures[0]).toMatchObject({ name: 'test', tenantId: ids[0] });
  });

  it('waits at its end for the turn that is under way', async () => {
    let finished = false;
    const subject = sweep(async () => {
      await sleep(30);
      finished = true;
    });
    subject.start();
    await sleep(10);
    await subject.stop();
    expect(finished).toBe(true);
  });
});
