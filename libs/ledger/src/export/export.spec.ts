import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noteVerifier, verifyBundle, type BundleReport, type TlogPolicy } from '@countersign/chain';
import { personal } from '@countersign/events';
import { systemClock, type TenantId } from '@countersign/kernel';
import { testVault } from '../../../../test/support/vault.js';
import { CheckpointSigner } from '../checkpoint/checkpoint-signer.js';
import { SigningKeys } from '../checkpoint/signing-keys.js';
import { HeadsQueries } from '../heads/heads-queries.js';
import { HeadsSequencer } from '../heads/heads-sequencer.js';
import { LedgerQueries } from '../reads/ledger-queries.js';
import {
  CountingSignal,
  filesOf,
  folderReader,
  payloadLinesOf,
  rewrite,
} from '../testing/bundle-files.js';
import {
  commanded,
  delivered,
  ledgerFixture,
  type LedgerFixture,
} from '../testing/ledger-fixture.js';
import { exportHeads } from './export-heads.js';
import type { ExportRequest } from './export-request.js';
import { exportTenant, type ExportContext, type ExportTarget } from './export-tenant.js';

const ALL: ExportRequest = { payloads: true, evidence: false, disclose: null };

describe('export', () => {
  let fixture: LedgerFixture;
  let scratch: string;
  let folders = 0;
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const keys = SigningKeys.of(privateKey);
  beforeAll(async () => {
    fixture = await ledgerFixture();
    scratch = await mkdtemp(join(tmpdir(), 'export-'));
  });
  afterAll(async () => {
    await fixture.end();
    await rm(scratch, { recursive: true });
  });

  const publish = async (tenantId: TenantId): Promise<void> => {
    const { database } = fixture.test;
    await new CheckpointSigner({ database, clock: systemClock, keys }).signNow(tenantId);
    await new HeadsSequencer({ database, clock: systemClock, keys }).runOnce();
  };
  const grow = async (tenantId: TenantId, from: number, count: number): Promise<void> => {
    const drafts = Array.from({ length: count }, (_, i) => {
      const n = from + i;
      const type = n % 5 === 0 ? ('model_version.deleted' as const) : undefined;
      const draft = n % 2 ? delivered(n) : commanded(n);
      return type === undefined ? draft : { ...draft, type, data: { ...draft.data } };
    });
    await fixture.ledger.append(tenantId, drafts);
  };
  const ledgerOf = async (count: number): Promise<TenantId> => {
    const tenantId = await fixture.tenant();
    if (count > 0) await grow(tenantId, 0, count);
    await publish(tenantId);
    return tenantId;
  };
  const context = (tenantId: TenantId): ExportContext => ({
    database: fixture.test.database,
    vault: testVault(),
    ledger: fixture.ledger,
    clock: systemClock,
    tenantId,
    tool: 'countersign test',
    policy: null,
  });
  const folder = (): string => join(scratch, `bundle-${++folders}`);
  const write = async (
    tenantId: TenantId,
    request: Partial<ExportRequest> = {},
    target: Partial<ExportTarget> = {},
  ): Promise<string> => {
    const path = target.folder ?? folder();
    await exportTenant(context(tenantId), { ...ALL, ...request }, { ...target, folder: path });
    return path;
  };
  const policyOf = async (tenantId: TenantId): Promise<TlogPolicy> => {
    const log = await fixture.test.database.read(tenantId, (tx) => new LedgerQueries().log(tx));
    const heads = await fixture.test.database.global((db) => new HeadsQueries().current(db));
    const origins = [log?.origin ?? '', heads?.origin ?? ''];
    const logs = origins.map((origin) => ({ origin, vkey: noteVerifier(origin, publicKey).vkey }));
    return { logs, witnesses: [], groups: [], quorum: 'none' };
  };
  const verify = async (tenantId: TenantId, path: string, known?: string): Promise<BundleReport> =>
    verifyBundle(folderReader(path), {
      policy: await policyOf(tenantId),
      ...(known === undefined ? {} : { known }),
    });

  it.each([0, 1, 255, 256, 257, 700])('of %i entries verifies', async (count) => {
    const tenantId = await ledgerOf(count);
    if (count === 0) {
      await expect(write(tenantId)).rejects.toMatchObject({ code: 'NOT_PUBLISHED' });
      return;
    }
    const report = await verify(tenantId, await write(tenantId));
    expect(report).toMatchObject({ verdict: 'ok', fault: null, entries: BigInt(count) });
    expect(report.payloads).toBe(BigInt(count));
  });

  it.each([
    [0, 0],
    [0, 300],
    [255, 256],
    [256, 512],
    [257, 511],
    [600, 700],
    [700, 700],
  ])('of the range from %i to %i verifies', async (from, to) => {
    const tenantId = await shared();
    const path = await write(tenantId, { from: BigInt(from), to: BigInt(to), evidence: true });
    const report = await verify(tenantId, path);
    expect(report).toMatchObject({ verdict: 'ok', payloads: BigInt(to - from) });
  });

  let sharedTenant: Promise<TenantId> | null = null;
  const shared = (): Promise<TenantId> => (sharedTenant ??= ledgerOf(700));

  it('refuses a range that the checkpoint does not cover', async () => {
    const tenantId = await shared();
    for (const range of [{ from: 5n, to: 4n }, { to: 701n }, { from: -1n }]) {
      await expect(write(tenantId, range)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    }
  });

  it('never takes a checkpoint that no published checkpoint of the log of heads covers', async () => {
    const tenantId = await ledgerOf(10);
    await grow(tenantId, 10, 10);
    const { database } = fixture.test;
    await new CheckpointSigner({ database, clock: systemClock, keys }).signNow(tenantId);
    await new HeadsSequencer({
      database,
      clock: systemClock,
      keys,
      publishAtOnce: false,
    }).runOnce();
    const path = await write(tenantId);
    expect(await verify(tenantId, path)).toMatchObject({ verdict: 'ok', size: 10n });
  });

  it.each([
    ['types', { types: ['model_version.deleted'] }],
    ['a prefix of types and a source', { types: ['model_version.*'], sources: ['countersign'] }],
    ['subjects', { subjects: ['model/card-fraud/version/3', 'model/card-fraud/version/301'] }],
    ['an actor', { actor: 'unknown' }],
    ['times', { occurredFrom: '2026-11-20T08:00:00.000Z', occurredTo: '2026-11-20T08:00:00.000Z' }],
    ['what nobody did', { actor: 'user:nobody' }],
  ])('filtered by %s holds the payloads of what the list shows, provably', async (_, filter) => {
    const tenantId = await shared();
    const path = await write(tenantId, { filter });
    const report = await verify(tenantId, path);
    expect(report.verdict).toBe('ok');
    const { subjects, occurredFrom, occurredTo, ...rest } = {
      subjects: undefined,
      occurredFrom: undefined,
      occurredTo: undefined,
      ...filter,
    };
    const listed = await fixture.test.database.read(tenantId, async (tx) => {
      const queries = new LedgerQueries({ vault: testVault() });
      const times = {
        occurredFrom: occurredFrom === undefined ? null : new Date(occurredFrom),
        occurredTo: occurredTo === undefined ? null : new Date(occurredTo),
      };
      const sequences: bigint[] = [];
      let after: string | null = null;
      for (;;) {
        const page = await queries.entries(
          tx,
          { ...rest, ...times, subjects, toSequence: 699n },
          { first: 100, after },
        );
        sequences.push(...page.edges.map(({ node }) => node.sequence));
        if (!page.hasNextPage) return sequences;
        after = page.edges.at(-1)?.cursor ?? null;
      }
    });
    const lines = await payloadLinesOf(path);
    expect(lines.map(({ sequence }) => BigInt(sequence))).toEqual(listed);
  });

  it('that lacks one matching payload is found out', async () => {
    const tenantId = await shared();
    const path = await write(tenantId, { filter: { types: ['model_version.deleted'] } });
    const [first = ''] = (await filesOf(path)).filter((name) => name.startsWith('payload/'));
    const lines = (await readFile(join(path, first), 'utf8')).split('\n');
    await rewrite(path, first, [...lines.slice(0, 3), ...lines.slice(4)].join('\n'));
    expect(await verify(tenantId, path)).toMatchObject({
      verdict: 'incomplete',
      fault: { code: 'PAYLOAD_MISSING', sequence: 15n },
    });
  });

  it('goes on from an earlier checkpoint, and refuses one of another history', async () => {
    const tenantId = await ledgerOf(300);
    const first = await write(tenantId);
    const since = await readFile(join(first, 'checkpoint'), 'utf8');
    await grow(tenantId, 300, 300);
    await publish(tenantId);
    const path = await write(tenantId, { since });
    const report = await verify(tenantId, path, since);
    expect(report).toMatchObject({ verdict: 'ok', from: 300n });
    expect(report.checks.find(({ name }) => name === 'consistency')?.result).toBe('pass');
    const others = await readFile(join(await write(await shared()), 'checkpoint'), 'utf8');
    await expect(write(tenantId, { since: others })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    const forged = since.replace(/\n[^\n]{44}\n/, `\n${Buffer.alloc(32, 7).toString('base64')}\n`);
    await expect(write(tenantId, { since: forged })).rejects.toMatchObject({
      code: 'STORE_FORKED',
    });
  });

  it('without payloads shows headers only', async () => {
    const tenantId = await shared();
    const path = await write(tenantId, { payloads: false, evidence: true });
    expect(await verify(tenantId, path)).toMatchObject({ verdict: 'ok', payloads: 0n });
    expect((await filesOf(path)).filter((name) => name.startsWith('payload/'))).toEqual([]);
  });

  it('discloses all, chosen or no personal values, and evidence when asked', async () => {
    const tenantId = await ledgerOf(3);
    const paths = async (disclose: ExportRequest['disclose']): Promise<string[]> => {
      const path = await write(tenantId, { disclose, to: 2n });
      expect((await verify(tenantId, path)).verdict).toBe('ok');
      const lines = await payloadLinesOf(path);
      return lines.flatMap(({ disclosures }) => disclosures.map((shown) => shown.path));
    };
    const all = ['/data/description', '/data/tags/0/value'];
    expect(await paths(null)).toEqual([...all, ...all]);
    expect(await paths([])).toEqual([]);
    expect(await paths(['/data/tags/*/value'])).toEqual([all[1], all[1]]);
    const lines = await payloadLinesOf(await write(tenantId, { evidence: true }));
    const kept = lines.map((line) => line.evidence?.bytes.toString() ?? line.evidence);
    expect(kept).toEqual([null, '{"version":"1"}', null]);
  });

  it('leaves out what was erased, and still verifies', async () => {
    const tenantId = await ledgerOf(0);
    await fixture.ledger.append(tenantId, [
      delivered('gone', { data: { note: personal('Eli', 'user:eli') } }),
      delivered('kept', { data: { note: personal('Ana', 'user:ana') } }),
    ]);
    await publish(tenantId);
    for (const table of ['disclosure', 'evidence']) {
      await fixture.test.asOwner(`ALTER TABLE ledger_${table} DISABLE TRIGGER USER`);
      await fixture.test.asOwner(`DELETE FROM ledger_${table} WHERE tenant_id = $1 AND seq = 0`, [
        tenantId,
      ]);
      await fixture.test.asOwner(
        `ALTER TABLE ledger_${table} ENABLE ALWAYS TRIGGER append_only_rows`,
      );
    }
    const path = await write(tenantId, { evidence: true });
    expect((await verify(tenantId, path)).verdict).toBe('ok');
    const [gone, kept] = await payloadLinesOf(path);
    expect([gone?.disclosures, gone?.evidence]).toEqual([[], null]);
    expect(kept?.disclosures.map(({ value }) => value)).toEqual(['Ana']);
  });

  it('is itself an entry, made before the first file', async () => {
    const tenantId = await ledgerOf(2);
    await write(tenantId, { filter: { actor: 'unknown' }, disclose: ['/data/x'] });
    const [entry] = await fixture.test.database.read(tenantId, (tx) =>
      new LedgerQueries({ vault: testVault() }).entriesBySequence(tx, [2n]),
    );
    expect(entry).toMatchObject({
      type: 'ledger.exported',
      payload: {
        data: {
          to: '2',
          payloads: 'filter',
          filter: '{"actor":"unknown"}',
          disclosed: ['/data/x'],
        },
      },
    });
    const frozen = await ledgerOf(1);
    await fixture.test.database.sqlTransaction(frozen, (tx) => fixture.ledger.freeze(tx, 'test'));
    const path = folder();
    await expect(write(frozen, {}, { folder: path })).rejects.toMatchObject({ code: 'READ_ONLY' });
    expect(await readdir(path)).toEqual([]);
  });

  it('refuses a folder with something else in it and leaves it alone', async () => {
    const path = await mkdtemp(join(scratch, 'other-'));
    await writeFile(join(path, 'notes.txt'), 'mine');
    const tenantId = await shared();
    await expect(write(tenantId, {}, { folder: path })).rejects.toMatchObject({
      code: 'FOLDER_NOT_EMPTY',
    });
    expect(await filesOf(path)).toEqual(['notes.txt']);
    const done = await write(tenantId);
    await expect(write(tenantId, {}, { folder: done })).rejects.toMatchObject({
      code: 'FOLDER_NOT_EMPTY',
    });
  });

  it('interrupted anywhere, goes on to the same bytes', async () => {
    const tenantId = await ledgerOf(600);
    const path = folder();
    const files: string[] = [];
    for (let stop = 1; ; stop += 4) {
      const signal = new CountingSignal(stop);
      try {
        await write(tenantId, { evidence: true }, { folder: path, signal });
        break;
      } catch (error) {
        expect(error).toMatchObject({ code: 'EXPORT_INTERRUPTED' });
        files.push(...(await readdir(path)));
        // What a crash may leave: a file half written, and one that is listed and yet torn.
        const listed = (await readFile(join(path, 'files.sha256'), 'utf8').catch(() => '')).trim();
        const last = listed.split('\n').at(-1)?.slice(66) ?? '';
        if (stop % 3 === 0 && last !== '') await writeFile(join(path, last), 'torn');
      }
    }
    expect(files).toContain('.unfinished');
    expect(await readdir(path)).not.toContain('.unfinished');
    expect((await verify(tenantId, path)).verdict).toBe('ok');
    const whole = await write(tenantId, { evidence: true, to: 600n });
    const manifest = await readFile(join(whole, 'bundle.json'), 'utf8');
    const created = (text: string): string => text.replace(/"created":"[^"]+"/, '');
    expect(created(await readFile(join(path, 'bundle.json'), 'utf8'))).toBe(created(manifest));
    const names = await filesOf(whole);
    expect(await filesOf(path)).toEqual(names);
    for (const name of names) {
      if (/^(heads\/|bundle.json|files.sha256)/.test(name)) continue;
      expect(await readFile(join(path, name))).toEqual(await readFile(join(whole, name)));
    }
  });

  it('goes on with nothing but what was begun, and not past an erasure', async () => {
    const tenantId = await ledgerOf(300);
    const path = folder();
    const stopped = { folder: path, signal: new CountingSignal(8) };
    await expect(write(tenantId, {}, stopped)).rejects.toMatchObject({
      code: 'EXPORT_INTERRUPTED',
    });
    await expect(write(tenantId, { to: 5n }, { folder: path })).rejects.toMatchObject({
      code: 'OTHER_EXPORT',
    });
    await fixture.test.asOwner(`UPDATE ledger_head SET frozen_reason = NULL WHERE tenant_id = $1`, [
      tenantId,
    ]);
    await fixture.test.asOwner('ALTER TABLE ledger_entry DISABLE TRIGGER USER');
    await fixture.test.asOwner(
      `INSERT INTO ledger_entry SELECT tenant_id, 301, gen_random_uuid(), recorded_at, occurred_at,
         'subject.erased', source, subject, actor, 'x', canonical, leaf_hash, payload_digest, evidence_digest
       FROM ledger_entry WHERE tenant_id = $1 AND seq = 0`,
      [tenantId],
    );
    await fixture.test.asOwner('ALTER TABLE ledger_entry ENABLE TRIGGER USER');
    await expect(write(tenantId, {}, { folder: path })).rejects.toMatchObject({
      code: 'ERASED_SINCE',
    });
  });

  it('of the log of heads verifies and shows every log', async () => {
    await ledgerOf(5);
    const { database } = fixture.test;
    const path = folder();
    const heads = { database, clock: systemClock, tool: 'countersign test', policy: 'none\n' };
    const report = await exportHeads(heads, { folder: path });
    const verified = await verify(await shared(), path);
    expect(verified).toMatchObject({ verdict: 'ok', kind: 'heads', entries: report.size });
  });
});
