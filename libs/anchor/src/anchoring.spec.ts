import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cosignaturesOf, parseCosignerKey, sameBytes } from '@countersign/chain';
import { systemClock } from '@countersign/kernel';
import {
  HeadsQueries,
  LedgerQueries,
  LedgerService,
  type HeadsLogRecord,
} from '@countersign/ledger';
import { testVault } from '../../../test/support/vault.js';
import { FolderStore } from './copies/folder-store.js';
import { currentFreeze } from './freeze/freeze-store.js';
import { FreezeWatch } from './freeze/freeze-watch.js';
import { compare } from './outside/compare.js';
import { copySource, fileSource, witnessSource } from './outside/sources.js';
import { StoreCheck, type Contradiction } from './outside/store-check.js';
import { recover } from './recovery/recover.js';
import { KEYS, policyText, RunningWitness, Store } from './testing/outside-rig.js';
import { addCheckpoint } from './witnesses/witness-client.js';
import { witnessSet } from './witnesses/witness-set.js';
import { AnchorWorker } from './worker/anchor-worker.js';
import { anchorLags } from './worker/anchor-lags.js';
import { CopyTarget } from './worker/copy-target.js';
import { WitnessTarget } from './worker/witness-target.js';

const heads = new HeadsQueries();

describe('an installation under two witnesses', () => {
  let folder: string;
  let store: Store;
  let log: HeadsLogRecord;
  let witnesses: RunningWitness[];
  let found: Contradiction[];
  const ends: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'anchoring-'));
    store = await openStore();
    await store.grow(2);
    const current = await store.fixture.test.database.global((db) => heads.current(db));
    if (current === null) throw new Error('no log of heads');
    log = current;
    witnesses = [
      await RunningWitness.start('w1', log.origin),
      await RunningWitness.start('w2', log.origin),
    ];
    found = [];
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
    for (const witness of witnesses) await witness.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function openStore(like?: HeadsLogRecord): Promise<Store> {
    const opened = await Store.open(like);
    ends.push(() => opened.fixture.end());
    return opened;
  }
  const known = (): ReturnType<typeof witnessSet> =>
    witnessSet(policyText(log.origin, witnesses), []);
  const file = (): string => join(folder, 'heads.checkpoint');
  const folderStore = (): FolderStore => new FolderStore(folder);

  function checkOf(subject: Store, judge = compare): StoreCheck {
    const sources = witnesses.map(({ name, url, witness }) =>
      witnessSource({ name, url, key: parseCosignerKey(witness.vkey) }),
    );
    return new StoreCheck({
      database: subject.fixture.test.database,
      keys: KEYS,
      sources: [...sources, copySource(folderStore()), fileSource(file())],
      compare: judge,
    });
  }

  function workerOf(subject: Store, ask = addCheckpoint): AnchorWorker {
    const { database } = subject.fixture.test;
    const set = known();
    const check = checkOf(subject);
    return new AnchorWorker({
      database,
      clock: systemClock,
      policy: set.policy,
      file: file(),
      isReadOnly: () => false,
      onContradiction: (contradiction) => {
        found.push(contradiction);
        return Promise.resolve();
      },
      targets: [
        ...set.witnesses.flatMap(({ key, name, url }) =>
          url === null
            ? []
            : [
                new WitnessTarget({
                  witness: { key, name, url },
                  database,
                  check,
                  addCheckpoint: ask,
                }),
              ],
        ),
        new CopyTarget({ store: folderStore(), database, check, clock: systemClock, everyMs: 0 }),
      ],
    });
  }
  const published = (subject: Store): ReturnType<HeadsQueries['checkpoint']> =>
    subject.fixture.test.database.global((db) => heads.checkpoint(db, { published: true }));

  it('publishes a checkpoint when the quorum has cosigned it, and keeps up as it grows', async () => {
    expect(await published(store)).toBeNull();
    for (const more of [0, 3, 1]) {
      const size = await store.grow(more);
      await workerOf(store).runOnce();
      const seen = await published(store);
      expect(seen?.size).toBe(size);
      const keys = witnesses.map(({ witness }) => parseCosignerKey(witness.vkey));
      expect(cosignaturesOf(seen?.note ?? '', keys)).toHaveLength(2);
    }
    expect(found).toEqual([]);
    expect((await readFile(file(), 'utf8')).startsWith(log.origin)).toBe(true);
  });

  it('publishes nothing while one of two is gone, appends go on, and the lag says which', async () => {
    await witnesses[1]?.close();
    await workerOf(store).runOnce();
    await store.grow(1);
    expect(await published(store)).toBeNull();
    const names = ['w1', 'w2'].map((who) => ({ kind: 'witness' as const, who }));
    const later = new Date(Date.now() + 60_000);
    const lags = await store.fixture.test.database.global((db) => anchorLags(db, names, later));
    expect(lags.map(({ seconds }) => seconds > 0)).toEqual([true, true]);
    witnesses[1] = await RunningWitness.start('w2', log.origin);
    await workerOf(store).runOnce();
    expect(await published(store)).not.toBeNull();
  });

  it('starts again after a witness forgot what it told us: the size in its 409 is taken', async () => {
    await workerOf(store).runOnce();
    await witnesses[0]?.close();
    witnesses[0] = await RunningWitness.start('w1', log.origin);
    const size = await store.grow(2);
    await workerOf(store).runOnce();
    expect((await published(store))?.size).toBe(size);
  });

  describe('with an older copy of the database', () => {
    let restored: Store;
    /** Another database that says it is the same: with fewer tenants, and other ones. */
    beforeEach(async () => {
      await store.grow(3);
      await workerOf(store).runOnce();
      restored = await openStore(log);
      await restored.grow(1);
    });

    it('is found behind by the check at start, whoever is asked', async () => {
      const { contradiction } = await checkOf(restored).run();
      expect(contradiction).toMatchObject({ code: 'STORE_BEHIND', outsideSize: 5n, storeSize: 1n });
    });

    it('is found forked once it has grown past what is known outside', async () => {
      await restored.grow(6);
      const { contradiction } = await checkOf(restored).run();
      expect(contradiction).toMatchObject({ code: 'STORE_FORKED', outsideSize: 5n });
    });

    it('mutant: a check that looks at sizes only lets the fork through', async () => {
      await restored.grow(6);
      const bySize: typeof compare = (outside, stored) =>
        Promise.resolve(outside.size > stored.size ? 'behind' : 'contained');
      expect((await checkOf(restored, bySize).run()).contradiction).toBeNull();
    });

    it('is stopped by the 409 of a witness while it runs', async () => {
      await workerOf(restored).runOnce();
      expect(found.map(({ code, source }) => [code, source])).toContainEqual([
        'STORE_BEHIND',
        'witness w1',
      ]);
      expect(await published(restored)).toBeNull();
    });

    it('is stopped by the 422 of a witness when it grew meanwhile', async () => {
      await restored.grow(6);
      await workerOf(restored).runOnce();
      expect(found.map(({ code }) => code)).toContain('STORE_FORKED');
    });

    it('mutant: a worker that ignores 409 stops nothing', async () => {
      await rm(folder, { recursive: true });
      const ignores: typeof addCheckpoint = async (...asked) => {
        const said = await addCheckpoint(...asked);
        return said.kind === 'conflict' ? { kind: 'unreachable', detail: 'ignored' } : said;
      };
      await workerOf(restored, ignores)
        .runOnce()
        .catch(() => undefined);
      expect(found).toEqual([]);
      await workerOf(restored)
        .runOnce()
        .catch(() => undefined);
      expect(found).not.toEqual([]);
    });

    it('is read-only from the start, on every replica, until an operator recovers; then it goes on', async () => {
      const { database } = restored.fixture.test;
      const { ledger } = restored.fixture;
      const tenantId = await restored.fixture.tenant();
      const watch = new FreezeWatch({
        database,
        ledger,
        clock: systemClock,
        check: checkOf(restored),
        pollMs: 20,
      });
      await watch.begin();
      expect(watch.isWritable).toBe(false);
      await expect(ledger.append(tenantId, [])).rejects.toMatchObject({
        code: 'READ_ONLY',
        details: { code: 'STORE_BEHIND' },
      });
      // Another replica asks nobody and reads it in the database.
      const other = restored.fixture.replica();
      const quiet = new StoreCheck({ database, keys: KEYS, sources: [] });
      const second = new FreezeWatch({
        database,
        ledger: other,
        clock: systemClock,
        check: quiet,
        pollMs: 20,
      });
      await second.begin();
      expect(other.readOnly).toMatchObject({ code: 'STORE_BEHIND' });

      const own = new LedgerService({ database, clock: systemClock, vault: testVault() });
      const options = {
        database,
        ledger: own,
        keys: KEYS,
        clock: systemClock,
        logName: 'countersign.local',
        reason: 'disk lost',
        operator: 'omar',
      };
      const report = await recover(options);
      expect(report?.heads).toMatchObject({ oldOrigin: log.origin });
      await new Promise<void>((resolve) => {
        watch.whenWritable(resolve);
      });
      await watch.stop();
      await second.stop();

      const entries = new LedgerQueries({ vault: testVault() });
      const mine = report?.tenants.find((tenant) => tenant.tenantId === tenantId);
      const [current, gap] = await database.read(tenantId, async (tx) => [
        await entries.log(tx),
        await entries.entry(tx, mine?.sequence ?? -1n),
      ]);
      expect(current?.origin).toBe(mine?.newOrigin);
      expect(gap?.type).toBe('ledger.gap_recorded');
      expect(await recover(options)).toBeNull();
      expect((await checkOf(restored).run()).contradiction).toBeNull();
      await restored.heads.runOnce();
      const next = await database.global((db) => heads.checkpoint(db, { published: false }));
      expect(next?.origin).toBe(report?.heads?.newOrigin);
      await own.close();
    });
  });

  it('is read-only while nobody who is configured can be asked, which is no freeze', async () => {
    for (const witness of witnesses) await witness.close();
    await rm(folder, { recursive: true });
    const { database } = store.fixture.test;
    const { ledger } = store.fixture;
    const check = checkOf(store);
    const watch = new FreezeWatch({
      database,
      ledger,
      clock: systemClock,
      check,
      pollMs: 20,
      recheckMs: 20,
    });
    await watch.begin();
    expect(ledger.readOnly?.code).toBe('STORE_UNCHECKED');
    expect(await database.global((db) => currentFreeze(db))).toBeNull();
    expect(watch.isWritable).toBe(false);
    // One of them comes back: it goes on by itself.
    await mkdir(folder);
    await new Promise<void>((resolve) => {
      watch.whenWritable(resolve);
    });
    expect(ledger.readOnly).toBeNull();
    await watch.stop();
    witnesses = [];
  });

  it('is another installation when the file beside it is of a log that it never had', async () => {
    await workerOf(store).runOnce();
    const fresh = await openStore();
    await fresh.grow(1);
    const check = new StoreCheck({
      database: fresh.fixture.test.database,
      keys: KEYS,
      sources: [fileSource(file())],
    });
    expect((await check.run()).contradiction).toMatchObject({ code: 'STORE_FORKED' });
  });

  it('writes a copy once and never over another', async () => {
    await workerOf(store).runOnce();
    const stored = folderStore();
    expect(await stored.put('a/1.checkpoint', Buffer.from('x')).catch((e: unknown) => e)).toBe(
      'stored',
    );
    expect(await stored.put('a/1.checkpoint', Buffer.from('x'))).toBe('exists-same');
    expect(await stored.put('a/1.checkpoint', Buffer.from('y'))).toBe('exists-other');
    const newest = await stored.newest('a');
    expect(sameBytes(newest?.bytes ?? Buffer.alloc(0), Buffer.from('x'))).toBe(true);
  });
});
