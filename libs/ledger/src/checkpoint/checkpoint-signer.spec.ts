import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  parseVerifierKey,
  rootOf,
  sameBytes,
  verifyCheckpoint,
  verifyConsistency,
  type ConsistencyClaim,
} from '@countersign/chain';
import { systemClock, type TenantId } from '@countersign/kernel';
import type { CheckpointRecord } from '../reads/entry-record.js';
import { LedgerQueries } from '../reads/ledger-queries.js';
import { delivered, ledgerFixture, type LedgerFixture } from '../testing/ledger-fixture.js';
import { testVault } from '../../../../test/support/vault.js';
import { CheckpointSigner } from './checkpoint-signer.js';
import { loadOrCreateSigningKey } from './signing-key.js';
import { SigningKeys } from './signing-keys.js';

describe('CheckpointSigner', () => {
  let fixture: LedgerFixture;
  const { privateKey } = generateKeyPairSync('ed25519');
  const queries = new LedgerQueries({ vault: testVault() });
  beforeAll(async () => {
    fixture = await ledgerFixture();
  });
  afterAll(() => fixture.end());

  const signer = (): CheckpointSigner =>
    new CheckpointSigner({
      database: fixture.test.database,
      clock: systemClock,
      keys: SigningKeys.of(privateKey),
      pollMs: 20,
    });
  let n = 0;
  const grow = (tenantId: TenantId, count: number): Promise<unknown> =>
    fixture.ledger.append(
      tenantId,
      Array.from({ length: count }, () => delivered(n++)),
    );
  const leaves = async (tenantId: TenantId): Promise<Buffer[]> => {
    const rows = await fixture.test.asOwner<{ leaf_hash: Buffer }>(
      'SELECT leaf_hash FROM ledger_entry WHERE tenant_id = $1 ORDER BY seq',
      [tenantId],
    );
    return rows.map((row) => row.leaf_hash);
  };

  it('signs the root of the stored leaves, with a key that others can verify', async () => {
    const tenantId = await fixture.tenant();
    expect(await signer().signNow(tenantId)).toBeNull();
    await grow(tenantId, 700);
    const checkpoint = await signer().signNow(tenantId);
    expect(checkpoint).toMatchObject({ size: 700n, tier: 'published' });
    const { note = '', origin = '', rootHash = Buffer.alloc(0) } = checkpoint ?? {};
    expect(sameBytes(rootHash, rootOf(await leaves(tenantId)))).toBe(true);
    const logKeys = [parseVerifierKey(signer().verifierKey(origin))];
    expect(verifyCheckpoint(note, { origin, logKeys })).toMatchObject({
      ok: true,
      checkpoint: { size: 700n },
    });
    const entry = await fixture.test.database.read(tenantId, (tx) => queries.entry(tx, 699n));
    expect(entry?.tier).toBe('published');
  });

  it('proves any two checkpoints consistent, over tile borders', async () => {
    const tenantId = await fixture.tenant();
    const signed: CheckpointRecord[] = [];
    for (const count of [1, 5, 250, 1, 300, 700]) {
      await grow(tenantId, count);
      const checkpoint = await signer().signNow(tenantId);
      if (checkpoint !== null) signed.push(checkpoint);
    }
    expect(signed).toHaveLength(6);
    for (const from of signed) {
      for (const to of signed.filter(({ size }) => size >= from.size)) {
        const proof = await fixture.test.database.read(tenantId, (tx) =>
          queries.consistencyProof(tx, from.size, to.size),
        );
        const claim: ConsistencyClaim = {
          fromSize: from.size,
          toSize: to.size,
          fromRoot: from.rootHash,
          toRoot: to.rootHash,
          proof,
        };
        expect(verifyConsistency(claim)).toBe(true);
      }
    }
  });

  it('follows growth by itself and signs each size once with several replicas', async () => {
    const tenantId = await fixture.tenant();
    const replicas = [signer(), signer(), signer()];
    for (const replica of replicas) replica.start();
    await grow(tenantId, 3);
    const newest = (): Promise<CheckpointRecord | null> =>
      fixture.test.database.read(tenantId, (tx) => queries.checkpoint(tx));
    while ((await newest())?.size !== 3n) await delay(10);
    await Promise.all([1, 2, 3].map(() => grow(tenantId, 1)));
    await Promise.all(replicas.map((replica) => replica.signNow(tenantId)));
    await Promise.all(replicas.map((replica) => replica.stop()));
    expect((await newest())?.size).toBe(6n);
  });

  it.each([
    [
      'an entry since the last checkpoint was edited',
      'UPDATE ledger_entry SET canonical = $2 WHERE seq = 8 AND tenant_id = $1',
    ],
    [
      'a leaf hash before it was edited',
      `UPDATE ledger_entry SET leaf_hash = sha256($2) WHERE seq = 2 AND tenant_id = $1`,
    ],
    ['the head row was edited', 'UPDATE ledger_head SET root = sha256($2) WHERE tenant_id = $1'],
    [
      'the head row was rewound',
      `UPDATE ledger_head SET size = 4, root = sha256($2) WHERE tenant_id = $1`,
    ],
  ])('signs nothing when %s', async (_, tamper) => {
    const tenantId = await fixture.tenant();
    await grow(tenantId, 6);
    await signer().signNow(tenantId);
    await grow(tenantId, 6);
    await fixture.test.asOwner('ALTER TABLE ledger_entry DISABLE TRIGGER USER');
    await fixture.test.asOwner(tamper, [tenantId, Buffer.from('{}')]);
    await fixture.test.asOwner('ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER append_only_rows');
    await expect(signer().signNow(tenantId)).rejects.toMatchObject({ code: 'STORE_MISMATCH' });
    const newest = await fixture.test.database.read(tenantId, (tx) => queries.checkpoint(tx));
    expect(newest?.size).toBe(6n);
  });
});

describe('loadOrCreateSigningKey', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signing-key-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('makes a key that nobody else can read, once, whoever asks first', async () => {
    const path = join(directory, 'made', 'log.key');
    const keys = await Promise.all([1, 2, 3].map(() => loadOrCreateSigningKey(path)));
    const known = keys.map((key) => createPublicKey(key).export({ format: 'jwk' }).x);
    expect(new Set(known).size).toBe(1);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
  });

  it('refuses a file that is no key instead of replacing it', async () => {
    const path = join(directory, 'other');
    await writeFile(path, 'something else');
    await expect(loadOrCreateSigningKey(path)).rejects.toMatchObject({ code: 'SIGNING_KEY' });
    expect(await readFile(path, 'utf8')).toBe('something else');
  });
});
