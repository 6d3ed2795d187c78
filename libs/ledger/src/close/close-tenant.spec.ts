import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Hex } from '@countersign/chain';
import { personal } from '@countersign/events';
import { systemClock, type TenantId } from '@countersign/kernel';
import { fileVault, type Vault } from '@countersign/vault';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { LedgerService } from '../ledger-service.js';
import { LedgerQueries } from '../reads/ledger-queries.js';
import { delivered } from '../testing/ledger-fixture.js';
import { closeTenant, type ClosedTenant } from './close-tenant.js';

const CANARY = 'canary-7f3a9c';

describe('closeTenant', () => {
  let test: TestDatabase;
  let directory: string;
  let vault: Vault;
  let ledger: LedgerService;
  let tenantId: TenantId;
  let tenants = 0;
  const places = (): Parameters<typeof fileVault>[0] => ({
    dataDir: directory,
    keyEncryptionKeyFile: null,
    tenantKeysDir: null,
  });
  beforeAll(async () => {
    test = await createTestDatabase();
    directory = await mkdtemp(join(tmpdir(), 'close-'));
    vault = fileVault(places());
    ledger = new LedgerService({ database: test.database, clock: systemClock, vault });
  });
  afterAll(async () => {
    await ledger.close();
    await test.drop();
    await rm(directory, { recursive: true });
  });
  beforeEach(async () => {
    tenantId = await test.tenant(`tenant-${++tenants}`);
    await test.database.sqlTransaction(tenantId, (tx) => ledger.openLog(tx));
    await ledger.append(tenantId, [
      delivered(1, {
        data: {
          name: CANARY,
          version: '1',
          sourceUri: null,
          runId: null,
          description: personal(CANARY, 'user:eli'),
          tags: [],
        },
        evidence: { bytes: Buffer.from(CANARY), mediaType: 'text/plain' },
      }),
    ]);
  });

  const close = (reason = 'contract ended'): Promise<ClosedTenant> =>
    closeTenant({ database: test.database, ledger, vault, clock: systemClock }, tenantId, reason);
  const entries = (of: Vault): ReturnType<LedgerQueries['range']> =>
    test.database.read(tenantId, (tx) =>
      new LedgerQueries({ vault: of }).range(tx, { after: -1n, limit: 9, evidence: true }),
    );
  const hold = (): Promise<unknown> =>
    test.asOwner(
      `INSERT INTO legal_hold (tenant_id, id, placed_at, placed_by) VALUES ($1, gen_random_uuid(), now(), 'system:x')`,
      [tenantId],
    );

  it('leaves headers that say so and contents that nobody can read, whoever asks', async () => {
    expect((await entries(vault))[0]).toMatchObject({
      readable: true,
      payload: { basis: 'signed' },
    });
    expect(await close()).toEqual({ sequence: 1n, closedNow: true });
    for (const reader of [vault, fileVault(places())]) {
      const read = await entries(reader);
      expect(read.map(({ type }) => type)).toEqual(['model_version.created', 'tenant.closed']);
      for (const entry of read) {
        expect(entry).toMatchObject({ readable: false, payload: {}, disclosures: [] });
        expect(entry.evidence).toBeNull();
        expect(entry.payloadCanonical).toBeNull();
        expect(sha256Hex(Buffer.concat([Buffer.alloc(1), entry.canonical]))).toBe(
          Buffer.from(entry.leafHash).toString('hex'),
        );
      }
    }
  });

  it('refuses every further append, also by who does not know yet', async () => {
    const replica = new LedgerService({ database: test.database, clock: systemClock, vault });
    await close();
    for (const one of [ledger, replica]) {
      await expect(one.append(tenantId, [delivered(2)])).rejects.toMatchObject({
        code: 'KEY_DESTROYED',
      });
    }
    await replica.close();
  });

  it('can be repeated, and finishes what was interrupted before the key was destroyed', async () => {
    const interrupted = { destroy: () => Promise.reject(new Error('killed')) } as unknown as Vault;
    const deps = { database: test.database, ledger, vault: interrupted, clock: systemClock };
    await expect(closeTenant(deps, tenantId, 'end')).rejects.toThrow('killed');
    // Frozen already: nothing can come in between.
    await expect(ledger.append(tenantId, [delivered(2)])).rejects.toMatchObject({
      code: 'READ_ONLY',
      details: { reason: 'the tenant was closed' },
    });
    expect((await entries(vault))[0]?.readable).toBe(true);
    expect(await close()).toEqual({ sequence: 1n, closedNow: false });
    expect((await entries(vault))[0]?.readable).toBe(false);
    expect(await close()).toEqual({ sequence: 1n, closedNow: false });
  });

  it('is refused by a legal hold, and leaves everything as it was', async () => {
    await hold();
    await expect(close()).rejects.toMatchObject({ code: 'LEGAL_HOLD' });
    expect(await ledger.append(tenantId, [delivered(2)])).toMatchObject([{ sequence: 1n }]);
    await test.asOwner(
      `UPDATE legal_hold SET released_at = now(), released_by = 'system:x' WHERE tenant_id = $1`,
      [tenantId],
    );
    expect(await close()).toMatchObject({ sequence: 2n });
  });

  it('leaves no content in what is stored, and had none in the clear before', async () => {
    const tables = ['entry', 'payload', 'disclosure', 'evidence', 'delivery'];
    const sql = tables
      .map(
        (table) =>
          `SELECT '${table}' AS name FROM ledger_${table} t WHERE t::text LIKE $1 OR t::text LIKE $2`,
      )
      .join(' UNION ALL ');
    const asHex = Buffer.from(CANARY).toString('hex');
    expect(await test.asOwner(sql, [`%${CANARY}%`, `%${asHex}%`])).toEqual([]);
    const plain = Buffer.from('delivery-1').toString('hex'); // the search does find what is there
    expect(await test.asOwner(sql, ['%delivery-1%', `%${plain}%`])).not.toEqual([]);
  });
});
