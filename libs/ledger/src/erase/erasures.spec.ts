import { generateKeyPairSync } from 'node:crypto';
import { noteSigner, openPayload, verifyNote } from '@countersign/chain';
import { SYSTEM_ACTOR } from '@countersign/events';
import { systemClock, type TenantId } from '@countersign/kernel';
import { testVault } from '../../../../test/support/vault.js';
import { rebuildAsked } from '../projection/rebuilds.js';
import { LedgerQueries } from '../reads/ledger-queries.js';
import { delivered, ledgerFixture, type LedgerFixture } from '../testing/ledger-fixture.js';
import { createSeenTable, seenProjector } from '../testing/seen-projector.js';
import { erasureCertificate } from './certificate.js';
import { Erasures } from './erasures.js';
import { LegalHolds } from './legal-holds.js';
import { verifyLive } from '../verify/verify-live.js';
import type { ErasureOrder } from './order.js';

const ELI: ErasureOrder = { kind: 'subject', subject: 'user:eli' };
const WARRANT = { actor: SYSTEM_ACTOR, orderedBy: 'Tara Tan', reason: 'Art. 17, request 4711' };

describe('Erasures', () => {
  const queries = new LedgerQueries({ vault: testVault() });
  const seen = { ...seenProjector('seen'), personal: true };
  let fixture: LedgerFixture;
  let tenantId: TenantId;
  let erasures: Erasures;
  let holds: LegalHolds;
  beforeAll(async () => {
    fixture = await ledgerFixture();
    const { ledger, test } = fixture;
    await createSeenTable(test);
    const deps = { database: test.database, ledger, queries, clock: systemClock };
    erasures = new Erasures({ ...deps, projectors: [seen], partEntries: 4 });
    holds = new LegalHolds(deps);
  });
  beforeEach(async () => {
    tenantId = await fixture.tenant();
    await fixture.ledger.append(
      tenantId,
      Array.from({ length: 10 }, (_, n) => delivered(n)),
    );
  });
  afterAll(() => fixture.end());

  const entries = (after = -1n) =>
    fixture.test.database.read(tenantId, (tx) =>
      queries.range(tx, { after, limit: 100, evidence: true }),
    );
  const inTx = (sql: string, values: unknown[] = [], tenant = tenantId) =>
    fixture.test.database.sqlTransaction(tenant, (tx) => tx.query(sql, values));
  const count = async (table: string): Promise<number> =>
    (await inTx(`SELECT 1 FROM ${table}`)).length;

  it('counts first and changes nothing', async () => {
    expect(await erasures.preview(tenantId, ELI)).toEqual({
      entries: 10,
      disclosures: 10,
      evidence: 10,
    });
    expect(await entries()).toHaveLength(10);
  });

  it('takes values and bytes of one person away in parts, each with its entry; the rest stays', async () => {
    const parts = await erasures.erase(tenantId, ELI, WARRANT);
    expect(parts.map(({ erased }) => erased.length)).toEqual([4, 4, 2]);
    expect(parts.map(({ sequence }) => sequence)).toEqual([10n, 11n, 12n]);
    const all = await entries();
    for (const entry of all.slice(0, 10)) {
      expect(entry.payload['data']).toMatchObject({
        description: null,
        tags: [{ key: 'team', value: 'risk' }],
      });
      expect(entry.evidence).toBeNull();
      expect(entry.evidenceDigest).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(all.slice(10).map(({ type }) => type)).toEqual(Array(3).fill('subject.erased'));
    expect(all[10]?.payload['data']).toMatchObject({
      subject: 'user:eli',
      disclosures: 4,
      evidence: 4,
      reason: WARRANT.reason,
      erased: [{ sequence: '0', paths: ['/data/description'], evidence: true }, {}, {}, {}],
    });
    expect(Buffer.from(all[10]?.payloadCanonical ?? []).toString()).not.toContain('4711');
    expect(await erasures.erase(tenantId, ELI, WARRANT)).toEqual([]);
  });

  it('leaves a ledger whose chain, tree and remaining contents hold', async () => {
    const before = await entries();
    await erasures.erase(tenantId, ELI, WARRANT);
    const after = await entries();
    expect(after.slice(0, 10).map(({ leafHash }) => leafHash)).toEqual(
      before.map(({ leafHash }) => leafHash),
    );
    const verdict = await verifyLive(fixture.test.database, tenantId, { vault: testVault() });
    expect(verdict).toMatchObject({ ok: true, size: 13n });
    for (const { disclosures, payloadCanonical } of after) {
      const shown = disclosures.map(({ path, saltHex, value }) => {
        return { path, value, salt: Buffer.from(saltHex, 'hex') };
      });
      expect(openPayload(payloadCanonical ?? Buffer.alloc(0), shown)).toMatchObject({ ok: true });
    }
  });

  it('takes away what named entries hold, or their bytes alone', async () => {
    const bytes = { kind: 'entries', sequences: [2n, 3n], evidenceOnly: true } as const;
    await erasures.erase(tenantId, bytes, WARRANT);
    const [two] = await entries(1n);
    expect(two?.evidence).toBeNull();
    expect(two?.payload['data']).toMatchObject({ description: 'trained by Eli, attempt 2' });
    await erasures.erase(tenantId, { ...bytes, evidenceOnly: false }, WARRANT);
    const [gone, , kept] = await entries(1n);
    expect(gone?.payload['data']).toMatchObject({
      description: null,
      tags: [{ key: 'team', value: null }],
    });
    expect(kept?.evidence).not.toBeNull();
    const types = (await entries(9n)).map(({ type }) => type);
    expect(types).toEqual(['ledger.evidence_erased', 'ledger.evidence_erased']);
  });

  it('takes nothing of another tenant away', async () => {
    const other = await fixture.tenant();
    await fixture.ledger.append(other, [delivered(1)]);
    await erasures.erase(tenantId, ELI, WARRANT);
    expect(await inTx('SELECT 1 FROM ledger_disclosure', [], other)).toHaveLength(2);
  });

  it('gives a certificate by the key of the log, with what stays and what went', async () => {
    const parts = await erasures.erase(tenantId, ELI, WARRANT);
    const signer = noteSigner('countersign.local/x', generateKeyPairSync('ed25519').privateKey);
    const note = erasureCertificate(
      {
        ...{ origin: 'countersign.local/x', tenantId, order: ELI, actor: 'system:countersign' },
        ...{ orderedBy: WARRANT.orderedBy, parts, before: null, after: null },
      },
      [signer],
    );
    const read = verifyNote(note, [signer.verifier]);
    if (!read.ok) throw new Error(read.code);
    const [format, origin, body = ''] = read.text.split('\n');
    expect([format, origin]).toEqual(['countersign-erasure/1', 'countersign.local/x']);
    const { erased } = JSON.parse(body) as { erased: { values: { commitment: string }[] }[] };
    expect(erased).toHaveLength(10);
    const [first] = await entries();
    const payload = Buffer.from(first?.payloadCanonical ?? []).toString();
    expect(payload).toContain(erased[0]?.values[0]?.commitment);
    expect(note).not.toContain('trained by');
    expect(verifyNote(note.replace('"v":1', '"v":2'), [signer.verifier]).ok).toBe(false);
  });

  it('asks for the projections that showed it, which anybody then makes again, once', async () => {
    await erasures.erase(tenantId, ELI, WARRANT);
    const again = () => rebuildAsked(fixture.test.database, queries, seen, tenantId);
    expect(await Promise.all([again(), again()])).toEqual(expect.arrayContaining([true, false]));
    expect(await again()).toBe(false);
    expect(await inTx('SELECT 1 FROM projection_rebuild WHERE done_sequence = 12')).toHaveLength(1);
  });

  describe('under a legal hold', () => {
    const place = (scope: Parameters<LegalHolds['place']>[1]) =>
      fixture.test.database.sqlTransaction(tenantId, (tx) =>
        holds.place(tx, scope, SYSTEM_ACTOR, 'Case 12/2026 against Acme'),
      );

    it.each([
      ['of the whole ledger', { kind: 'ledger' }],
      ['of the person', { kind: 'subject', subject: 'user:eli' }],
      ['of one of the entries', { kind: 'entries', from: 3n, to: 3n }],
    ] as const)('%s, refuses with its reason and takes nothing away', async (_, scope) => {
      const hold = await place(scope);
      const before = await count('ledger_disclosure');
      await expect(
        erasures.erase(
          tenantId,
          { kind: 'entries', sequences: [2n, 3n], evidenceOnly: true },
          WARRANT,
        ),
      ).rejects.toMatchObject({
        code: 'LEGAL_HOLD',
        details: { holdId: hold.id, reason: 'Case 12/2026 against Acme' },
      });
      expect(await count('ledger_disclosure')).toBe(before);
      expect((await entries(10n)).length).toBe(0);
      await fixture.test.database.sqlTransaction(tenantId, (tx) =>
        holds.release(tx, hold.id, SYSTEM_ACTOR, 'settled'),
      );
      expect(await erasures.erase(tenantId, ELI, WARRANT)).not.toHaveLength(0);
    });

    it('of others, erases', async () => {
      await place({ kind: 'subject', subject: 'user:mona' });
      await place({ kind: 'entries', from: 20n, to: 30n });
      expect(await erasures.erase(tenantId, ELI, WARRANT)).not.toHaveLength(0);
    });

    it('lists it, released ones too, and releases once', async () => {
      const hold = await place({ kind: 'ledger' });
      const release = () =>
        fixture.test.database.sqlTransaction(tenantId, (tx) =>
          holds.release(tx, hold.id, SYSTEM_ACTOR, 'settled'),
        );
      await release();
      await expect(release()).rejects.toMatchObject({ code: 'NOT_FOUND' });
      const [listed] = await fixture.test.database.read(tenantId, (tx) => holds.list(tx));
      expect(listed).toMatchObject({
        ...hold,
        releasedBy: 'system:countersign',
        releasedAt: expect.any(Date),
      });
      const types = (await entries(9n)).map(({ type }) => type);
      expect(types).toEqual(['legal_hold.placed', 'legal_hold.released']);
    });
  });

  describe('by another way', () => {
    const erase = 'SELECT ledger_erase($1, $2::bigint[], $3::text[], $4::bigint[])';
    const some = [[0n], ['/data/description'], [0n]];

    it('is refused without an entry that says so', async () => {
      await expect(inTx(erase, [5n, ...some])).rejects.toMatchObject({ code: 'CS004' });
    });

    it('is refused with the entry of an earlier transaction', async () => {
      const [part] = await erasures.erase(
        tenantId,
        { kind: 'entries', sequences: [9n], evidenceOnly: true },
        WARRANT,
      );
      await expect(inTx(erase, [part?.sequence, ...some])).rejects.toMatchObject({ code: 'CS004' });
    });

    it.each(['countersign_runtime', 'countersign_owner'])('is refused to %s', async (role) => {
      for (const table of ['ledger_disclosure', 'ledger_evidence']) {
        await expect(
          fixture.test.asOwner(
            `SET ROLE ${role}; SELECT set_config('app.tenant', '${tenantId}', false); DELETE FROM ${table}`,
          ),
        ).rejects.toMatchObject({ code: role === 'countersign_runtime' ? '42501' : 'CS002' });
        // Nothing that a session can set makes it the role.
        await expect(
          inTx(`SET LOCAL ROLE countersign_eraser; DELETE FROM ${table}`),
        ).rejects.toMatchObject({ code: '42501' });
      }
    });

    it('is refused to a superuser who merely deletes, also as a replica does', async () => {
      for (const mode of ['origin', 'replica']) {
        await expect(
          fixture.test.asOwner(
            `SET session_replication_role = ${mode}; DELETE FROM ledger_evidence`,
          ),
        ).rejects.toMatchObject({ code: 'CS002' });
      }
    });

    it('is refused for what is not there', async () => {
      const odd = { kind: 'entries', sequences: [1n], evidenceOnly: true } as const;
      await erasures.erase(tenantId, odd, WARRANT);
      expect(await erasures.erase(tenantId, odd, WARRANT)).toEqual([]);
    });
  });
});
