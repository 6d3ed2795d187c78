import { generateKeyPairSync } from 'node:crypto';
import {
  decodeEntryBundle,
  formatTlogProof,
  leafHash,
  parseVerifierKey,
  rootOf,
  verifyConsistency,
  verifyTlogProof,
} from '@countersign/chain';
import type { Database } from '@countersign/database';
import { systemClock, type TenantId } from '@countersign/kernel';
import { CheckpointSigner } from '../checkpoint/checkpoint-signer.js';
import { SigningKeys } from '../checkpoint/signing-keys.js';
import { checkHeads } from '../testing/check-heads.js';
import { delivered, ledgerFixture, type LedgerFixture } from '../testing/ledger-fixture.js';
import { tappedDatabase, type Taps } from '../testing/tapped-database.js';
import { HeadsQueries } from './heads-queries.js';
import { HeadsSequencer, type HeadsSequencerOptions } from './heads-sequencer.js';

describe('HeadsSequencer', () => {
  let fixture: LedgerFixture;
  let n = 0;
  const { privateKey } = generateKeyPairSync('ed25519');
  const keys = SigningKeys.of(privateKey);
  const queries = new HeadsQueries();
  beforeEach(async () => {
    fixture = await ledgerFixture();
  });
  afterEach(() => fixture.end());

  const sequencer = (
    taps: Taps = {},
    options: Partial<HeadsSequencerOptions> = {},
  ): HeadsSequencer =>
    new HeadsSequencer({
      database: tappedDatabase(fixture.test.database, taps),
      clock: systemClock,
      keys,
      ...options,
    });
  const grow = async (tenantId: TenantId, count = 1): Promise<string> => {
    await fixture.ledger.append(
      tenantId,
      Array.from({ length: count }, () => delivered(n++)),
    );
    const { database } = fixture.test;
    const signer = new CheckpointSigner({ database, clock: systemClock, keys });
    return (await signer.signNow(tenantId))?.origin ?? '';
  };
  const read: Database['global'] = (work) => fixture.test.database.global(work);

  /** Opens logs of tenants that nothing else is known of, as an installation with many tenants has them. */
  const manyLogs = (count: number): Promise<unknown> =>
    fixture.test.asOwner(
      `INSERT INTO ledger_log (tenant_id, log_id, origin, opened_at)
       SELECT gen_random_uuid(), u, 'countersign.local/' || u, now() FROM
       (SELECT gen_random_uuid() AS u FROM generate_series(1, $1::int)) AS s`,
      [count],
    );

  it('says which logs were opened and how far they have come, once', async () => {
    const [first, second] = [await fixture.tenant(), await fixture.tenant()];
    const origin = await grow(first, 3);
    await expect(sequencer().runOnce()).resolves.toEqual({ leaves: 3, signed: 3n });
    await expect(sequencer().runOnce()).resolves.toEqual({ leaves: 0, signed: 3n });
    await grow(first, 2);
    await grow(first, 2);
    await grow(second);
    await expect(sequencer().runOnce()).resolves.toEqual({ leaves: 2, signed: 5n });
    const leaves = await checkHeads(fixture.test);
    expect(leaves.map((leaf) => leaf.kind)).toEqual([
      'log.opened/1',
      'log.opened/1',
      'head/1',
      'head/1',
      'head/1',
    ]);
    expect(leaves.filter((leaf) => leaf.origin === origin).at(-1)).toMatchObject({ size: 7n });
  });

  it('proves the head of a log under the published checkpoint to anybody with the key', async () => {
    const origin = await grow(await fixture.tenant(), 3);
    await sequencer().runOnce();
    await grow(await fixture.tenant());
    await sequencer().runOnce();
    const checkpoint = await read((db) => queries.checkpoint(db, { published: true }));
    const head = await read((db) => queries.headOf(db, origin, 2n));
    if (checkpoint === null || head === null) throw new Error('nothing was published');
    expect(head).toMatchObject({ treeSize: 3n, headsSize: checkpoint.size });
    const hashes = await read((db) => queries.inclusionProof(db, head.index, head.headsSize));
    const proof = formatTlogProof({ index: head.index, hashes, checkpoint: checkpoint.note });
    const logKeys = keys.verifiers(checkpoint.origin).map(({ vkey }) => parseVerifierKey(vkey));
    const policy = { origin: checkpoint.origin, logKeys };
    expect(verifyTlogProof(proof, head.leaf, policy)).toMatchObject({ ok: true });
    expect(verifyTlogProof(proof, Buffer.from('{}'), policy)).toMatchObject({ ok: false });
    expect(await read((db) => queries.headOf(db, origin, 4n))).toBeNull();
    expect(checkpoint.origin).toMatch(/^countersign\.local\/heads\/[0-9a-f-]{36}$/);
  });

  it('keeps tiles, bundles and proofs of a tree over many tiles', async () => {
    await manyLogs(700);
    await sequencer().runOnce();
    await manyLogs(70);
    await sequencer().runOnce();
    const leaves = await read((db) => queries.leaves(db, 0n, 1000n));
    const hashes = leaves.map(leafHash);
    expect(hashes).toHaveLength(770);
    for (const [index, width] of [
      [0n, 256],
      [1n, 256],
      [2n, 256],
      [2n, 100],
      [3n, 2],
    ] as const) {
      const at = Number(index) * 256;
      const tile = await read((db) => queries.tile(db, 0, index, width));
      expect(Buffer.from(tile ?? [])).toEqual(Buffer.concat(hashes.slice(at, at + width)));
      const bundle = await read((db) => queries.entries(db, index, width));
      expect(decodeEntryBundle(bundle ?? Buffer.alloc(0))).toEqual(leaves.slice(at, at + width));
    }
    const above = await read((db) => queries.tile(db, 1, 0n, 3));
    expect(Buffer.from(above ?? [])).toEqual(
      Buffer.concat([0, 1, 2].map((i) => rootOf(hashes.slice(i * 256, (i + 1) * 256)))),
    );
    expect(await read((db) => queries.tile(db, 1, 0n, 4))).toBeNull();
    expect(await read((db) => queries.tile(db, 0, 3n, 3))).toBeNull();
    expect(await read((db) => queries.entries(db, 3n, 3))).toBeNull();
    const proof = await read((db) => queries.consistencyProof(db, 700n, 770n));
    const claim = {
      fromSize: 700n,
      toSize: 770n,
      fromRoot: rootOf(hashes.slice(0, 700)),
      toRoot: rootOf(hashes),
      proof,
    };
    expect(verifyConsistency(claim)).toBe(true);
  });

  it('costs the same statements for one log as for hundreds', async () => {
    const count = async (): Promise<number> => {
      let statements = 0;
      await sequencer({
        before: () => {
          statements++;
        },
      }).runOnce();
      return statements;
    };
    await manyLogs(1);
    await count();
    await manyLogs(1);
    const one = await count();
    await manyLogs(240);
    expect(await count()).toBe(one);
  });

  it('keeps one log of heads when several replicas race, and forgets nothing', async () => {
    const tenants = await Promise.all([1, 2, 3, 4].map(() => fixture.tenant()));
    for (let round = 0; round < 6; round++) {
      const work = tenants.map((tenantId) => grow(tenantId));
      await Promise.all([...work, ...[1, 2, 3].map(() => sequencer().runOnce())]);
    }
    await sequencer().runOnce();
    const leaves = await checkHeads(fixture.test);
    expect(leaves.filter((leaf) => leaf.kind === 'log.opened/1')).toHaveLength(4);
    const newest = tenants.map(() => 6n);
    const heads = new Map(
      leaves.flatMap((leaf) => (leaf.kind === 'head/1' ? [[leaf.origin, leaf.size]] : [])),
    );
    expect([...heads.values()]).toEqual(newest);
  });

  describe('between two replicas', () => {
    /** The round of another replica just before a statement of ours. */
    const overtaken = (statement: string, rewrite?: Taps['rewrite']): HeadsSequencer => {
      let done = false;
      return sequencer({
        ...(rewrite === undefined ? {} : { rewrite }),
        before: async (text) => {
          if (done || !text.includes(statement)) return;
          done = true;
          await sequencer().runOnce();
        },
      });
    };
    const SWAP = 'UPDATE heads_head';
    const withoutSwap = (text: string): string =>
      text.replace('WHERE log_id = $1::uuid AND size = $2::bigint RETURNING', () => {
        return 'WHERE log_id = $1::uuid AND $2::bigint IS NOT NULL RETURNING';
      });
    beforeEach(async () => {
      await fixture.tenant();
      await sequencer().runOnce();
      await grow(await fixture.tenant());
    });

    it.each(['heads_due', SWAP])('gives way when the other is faster before %s', async (text) => {
      await expect(overtaken(text).runOnce()).resolves.toEqual({ leaves: 0, signed: 3n });
      await checkHeads(fixture.test);
    });

    it('would fork without the swap: the key of the table stops it, and without that nothing does', async () => {
      await expect(overtaken(SWAP, withoutSwap).runOnce()).rejects.toMatchObject({ code: '23505' });
      await checkHeads(fixture.test);
      await fixture.test.asOwner('ALTER TABLE heads_leaf DROP CONSTRAINT heads_leaf_pkey');
      await grow(await fixture.tenant());
      await overtaken(SWAP).runOnce();
      await checkHeads(fixture.test);
      await grow(await fixture.tenant());
      await overtaken(SWAP, withoutSwap)
        .runOnce()
        .catch(() => undefined);
      await expect(checkHeads(fixture.test)).rejects.toThrow(/fork/);
    });
  });

  describe('killed at any step', () => {
    const STEPS = [
      'INSERT INTO heads_log',
      'INSERT INTO heads_head',
      'heads_due',
      'UPDATE heads_head',
      'INSERT INTO heads_checkpoint',
      'INSERT INTO heads_publication',
    ];
    const killed = (step: string, when: 'before' | 'committed'): Taps => ({
      [when]: (text: string) => {
        if (text.includes(step)) throw new Error('killed');
      },
    });

    it.each(STEPS.flatMap((step) => [['before', step] as const, ['committed', step] as const]))(
      'leaves a state that the next round finishes: %s %s',
      async (when, step) => {
        const tenantId = await fixture.tenant();
        await grow(tenantId);
        await expect(sequencer(killed(step, when)).runOnce()).rejects.toThrow('killed');
        await checkHeads(fixture.test);
        await expect(sequencer().runOnce()).resolves.toMatchObject({ signed: 2n });
        await grow(tenantId);
        // The head row is there by now; on later rounds nothing is inserted but leaves.
        await sequencer(killed(step, when))
          .runOnce()
          .catch(() => undefined);
        await checkHeads(fixture.test);
        await expect(sequencer().runOnce()).resolves.toMatchObject({ signed: 3n });
        const published = await read((db) => queries.checkpoint(db, { published: true }));
        expect(published?.size).toBe(3n);
        expect(await checkHeads(fixture.test)).toHaveLength(3);
      },
    );
  });

  it.each([
    [
      'a leaf since the last checkpoint was edited',
      `UPDATE heads_leaf SET leaf = '{}' WHERE idx = 2`,
    ],
    [
      'a leaf hash before it was edited',
      `UPDATE heads_leaf SET leaf_hash = sha256('') WHERE idx = 0`,
    ],
    ['a leaf is missing', 'DELETE FROM heads_leaf WHERE idx = 2'],
    ['the head row was edited', `UPDATE heads_head SET root = sha256('')`],
    ['the head row was rewound', `UPDATE heads_head SET size = 1`],
  ])('signs nothing when %s', async (_, tamper) => {
    const tenantId = await fixture.tenant();
    await grow(tenantId);
    await sequencer().runOnce();
    await grow(tenantId);
    await expect(
      sequencer({
        before: async (text) => {
          if (!text.startsWith('SELECT size, root FROM heads_head')) return;
          await fixture.test.asOwner('ALTER TABLE heads_leaf DISABLE TRIGGER USER');
          await fixture.test.asOwner(tamper);
        },
      }).runOnce(),
    ).rejects.toMatchObject({ code: 'STORE_MISMATCH' });
    const newest = await read((db) => queries.checkpoint(db, { published: false }));
    expect(newest?.size).toBe(2n);
  });

  it('takes no head out of a checkpoint that we did not sign, and serves the others', async () => {
    const failures: unknown[] = [];
    const [forged, sound] = [await fixture.tenant(), await fixture.tenant()];
    const origin = await grow(forged, 2);
    await fixture.test.asOwner('ALTER TABLE ledger_checkpoint DISABLE TRIGGER USER');
    await fixture.test.asOwner(
      `UPDATE ledger_checkpoint SET note = replace(note, E'\\n2\\n', E'\\n9\\n') WHERE tenant_id = $1`,
      [forged],
    );
    await grow(sound);
    const round = await sequencer({}, { onFailure: (error) => failures.push(error) }).runOnce();
    expect(round).toEqual({ leaves: 3, signed: 3n });
    expect(failures).toContainEqual(expect.objectContaining({ code: 'STORE_MISMATCH' }));
    expect(await read((db) => queries.newestHeadOf(db, origin))).toBeNull();
  });

  it('shows nothing to anybody before the witnesses agreed', async () => {
    const tenantId = await fixture.tenant();
    const origin = await grow(tenantId);
    await sequencer({}, { publishAtOnce: false }).runOnce();
    expect(await read((db) => queries.checkpoint(db, { published: true }))).toBeNull();
    expect(await read((db) => queries.headOf(db, origin, 1n))).toBeNull();
    const signed = await read((db) => queries.checkpoint(db, { published: false }));
    expect(signed).toMatchObject({ size: 2n, publishedAt: null });
  });

  it('refuses UPDATE, DELETE and TRUNCATE of what it wrote, to the owner too', async () => {
    await grow(await fixture.tenant());
    await sequencer().runOnce();
    for (const table of ['heads_log', 'heads_leaf', 'heads_checkpoint', 'heads_publication']) {
      for (const sql of [
        `UPDATE ${table} SET log_id = log_id`,
        `DELETE FROM ${table}`,
        `TRUNCATE ${table}`,
      ]) {
        await expect(fixture.test.asOwner(sql)).rejects.toMatchObject({ code: 'CS002' });
        await expect(read((db) => db.query(sql))).rejects.toMatchObject({ code: '42501' });
      }
    }
    await expect(fixture.test.asOwner('DELETE FROM heads_head')).rejects.toMatchObject({
      code: 'CS002',
    });
  });
});
