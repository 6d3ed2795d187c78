import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { noteVerifier, type NoteVerifier } from '@countersign/chain';
import { systemClock, type TenantId } from '@countersign/kernel';
import { CheckpointSigner } from '../checkpoint/checkpoint-signer.js';
import { SigningKeys } from '../checkpoint/signing-keys.js';
import {
  commanded,
  delivered,
  ledgerFixture,
  type LedgerFixture,
} from '../testing/ledger-fixture.js';
import { testVault } from '../../../../test/support/vault.js';
import { verifyLive, type LiveVerdict } from './verify-live.js';

const TABLES = ['entry', 'payload', 'disclosure', 'evidence', 'delivery', 'tile', 'checkpoint'];

describe('verifyLive', () => {
  let fixture: LedgerFixture;
  const { privateKey } = generateKeyPairSync('ed25519');
  const logKeys = (origin: string): NoteVerifier[] => [
    noteVerifier(origin, createPublicKey(privateKey)),
  ];
  beforeAll(async () => {
    fixture = await ledgerFixture();
    // The attacker is the database's owner and takes the prevention away first.
    for (const table of [...TABLES, 'head']) {
      await fixture.test.asOwner(`ALTER TABLE ledger_${table} DISABLE TRIGGER USER`);
    }
  });
  afterAll(() => fixture.end());

  async function ledgerOf(count: number): Promise<TenantId> {
    const tenantId = await fixture.tenant();
    const drafts = Array.from({ length: count }, (_, n) => (n % 2 ? delivered(n) : commanded(n)));
    await fixture.ledger.append(tenantId, drafts);
    const { database } = fixture.test;
    const signer = new CheckpointSigner({
      database,
      clock: systemClock,
      keys: SigningKeys.of(privateKey),
    });
    await signer.signNow(tenantId);
    return tenantId;
  }
  const verify = (tenantId: TenantId): Promise<LiveVerdict> =>
    verifyLive(fixture.test.database, tenantId, { vault: testVault(), logKeys });

  it('passes what was written, and tells how far it is', async () => {
    const tenantId = await ledgerOf(1_300);
    await fixture.ledger.append(tenantId, [delivered('beyond the checkpoint')]);
    const progress: bigint[] = [];
    const verdict = await verifyLive(fixture.test.database, tenantId, {
      vault: testVault(),
      logKeys,
      onProgress: (verified) => progress.push(verified),
    });
    expect(verdict).toMatchObject({ ok: true, size: 1_301n });
    expect(progress).toEqual([1_301n]);
    expect(await verify(await fixture.tenant())).toMatchObject({ ok: true, size: 0n });
  });

  it.each([
    [
      'an entry',
      `UPDATE ledger_entry SET canonical = convert_to(replace(convert_from(canonical, 'UTF8'), 'card-fraud', 'card-froud'), 'UTF8')`,
      3n,
      'LEAF_HASH_MISMATCH',
    ],
    [
      'an entry and its hash',
      `UPDATE ledger_entry SET canonical = convert_to(replace(convert_from(canonical, 'UTF8'), '"svc', '"'), 'UTF8'), leaf_hash = sha256('x')`,
      3n,
      'LEAF_HASH_MISMATCH',
    ],
    ['a query column', `UPDATE ledger_entry SET actor = 'user:eve'`, 3n, 'COLUMN_MISMATCH'],
    ['a time column', `UPDATE ledger_entry SET occurred_at = now()`, 3n, 'COLUMN_MISMATCH'],
    ['a payload', `UPDATE ledger_payload SET bytes = bytes || 'x'::bytea`, 3n, 'SEAL_BROKEN'],
    ['a missing payload', 'DELETE FROM ledger_payload', 3n, 'PAYLOAD_MISSING'],
    ['a disclosed value', `UPDATE ledger_disclosure SET value = '"eve"'`, 3n, 'SEAL_BROKEN'],
    [
      'a disclosure that is nothing sealed',
      `UPDATE ledger_disclosure SET value = '{'`,
      3n,
      'SEAL_BROKEN',
    ],
    ['evidence', `UPDATE ledger_evidence SET bytes = 'other'`, 3n, 'SEAL_BROKEN'],
    ['a delivery', 'DELETE FROM ledger_delivery', 3n, 'DELIVERY_MISMATCH'],
  ])('finds %s and names the first entry at fault', async (_, statement, sequence, rule) => {
    const tenantId = await ledgerOf(8);
    await fixture.test.asOwner(`${statement} WHERE seq = 3 AND tenant_id = '${tenantId}'`);
    expect(await verify(tenantId)).toMatchObject({ ok: false, sequence, rule });
  });

  it.each([
    [
      'a deleted entry',
      'DELETE FROM ledger_entry WHERE seq = 3 AND tenant_id = $1',
      'SEQUENCE_MISMATCH',
    ],
    [
      'a truncated tail',
      'DELETE FROM ledger_entry WHERE seq > 290 AND tenant_id = $1',
      'ENTRIES_MISSING',
    ],
    [
      'a stray delivery',
      `INSERT INTO ledger_delivery SELECT $1, 's', 'd', 5, sha256('x')`,
      'ROW_UNEXPECTED',
    ],
    ['a row beyond the end', `INSERT INTO ledger_payload SELECT $1, 300, 'x'`, 'ROW_UNEXPECTED'],
    [
      'a tile',
      'UPDATE ledger_tile SET hashes = set_byte(hashes, 99, 0) WHERE tenant_id = $1',
      'TILE_MISMATCH',
    ],
    ['a missing tile', 'DELETE FROM ledger_tile WHERE tenant_id = $1', 'TILE_MISMATCH'],
    [
      'a tile too many',
      `INSERT INTO ledger_tile SELECT tenant_id, 5, idx, root, hashes FROM ledger_tile WHERE tenant_id = $1`,
      'TILE_UNEXPECTED',
    ],
    [
      'the head size',
      'UPDATE ledger_head SET size = 299 WHERE tenant_id = $1',
      'HEAD_SIZE_MISMATCH',
    ],
    [
      'the head root',
      `UPDATE ledger_head SET root = sha256('x') WHERE tenant_id = $1`,
      'HEAD_ROOT_MISMATCH',
    ],
    [
      'the head hash',
      `UPDATE ledger_head SET head_hash = sha256('x') WHERE tenant_id = $1`,
      'HEAD_HASH_MISMATCH',
    ],
    [
      'the frontier',
      `UPDATE ledger_head SET frontier = 'x' WHERE tenant_id = $1`,
      'HEAD_FRONTIER_MISMATCH',
    ],
    [
      'the checkpoint root',
      `UPDATE ledger_checkpoint SET root = sha256('x') WHERE tenant_id = $1`,
      'CHECKPOINT_COLUMN_MISMATCH',
    ],
    [
      'the note',
      `UPDATE ledger_checkpoint SET note = replace(note, '300', '299') WHERE tenant_id = $1`,
      'NOTE_SIGNATURE_INVALID',
    ],
  ])('finds %s', async (_, statement, rule) => {
    const tenantId = await ledgerOf(300);
    await fixture.test.asOwner(statement, [tenantId]);
    expect(await verify(tenantId)).toMatchObject({ ok: false, rule });
  });
});
