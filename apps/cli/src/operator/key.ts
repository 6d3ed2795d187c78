import { createHash } from 'node:crypto';
import { currentFreeze } from '@countersign/anchor';
import { verifyCheckpoint } from '@countersign/chain';
import type { Database } from '@countersign/database';
import { subjects, SYSTEM_ACTOR } from '@countersign/events';
import { IdentityQueries } from '@countersign/identity';
import { isAppError, systemClock, type TenantId } from '@countersign/kernel';
import {
  changeSeeds,
  CheckpointSigner,
  HeadsQueries,
  HeadsSequencer,
  LedgerQueries,
  type LedgerService,
  newSeed,
  type SigningKeys,
} from '@countersign/ledger';
import { fileVault, type Vault } from '@countersign/vault';
import { CommandFailure } from '../exit.js';
import type { Output } from '../output.js';
import { keyFile, signingKeys } from './key-file.js';
import { operatorLedger } from './operator-ledger.js';
import { installation, withDatabase, type Installation } from './runtime.js';

/**
 * Begins a rotation of the signing key, or goes on with one that was cut short: the new key stands first in the file,
 * the old one names it in the log of heads, and each ledger gets an entry that says so. From then on both sign.
 */
export async function rotateKey(output: Output): Promise<void> {
  const where = await installation();
  const keys = await signingKeys(where.config);
  const file = keyFile(where.config);
  await withDatabase(where, refuseFrozen);
  if (keys.all.length === 1) {
    await changeSeeds(file, (seeds) => {
      if (seeds.length > 1) throw underWay(file);
      return [newSeed(), ...seeds];
    });
    await keys.refresh();
    output.out(`a new key stands first in ${file}; the one before goes on signing beside it`);
  } else {
    output.out(`a rotation is under way in ${file}: recording what is missing`);
  }
  await withDatabase(where, async (database) => {
    await record(where, database, keys, output);
  });
  output.out('hand out anew what countersign trust prints; then: countersign key rotate --finish');
}

/** Ends the overlap: drops the old keys, once everything newest is signed by the new one too. */
export async function finishRotation(output: Output): Promise<void> {
  const where = await installation();
  const keys = await signingKeys(where.config);
  const file = keyFile(where.config);
  if (keys.all.length === 1) {
    throw new CommandFailure(
      `${file} holds one key: no rotation is under way.`,
      'Begin one with: countersign key rotate',
    );
  }
  const behind = await withDatabase(where, (database) => unsigned(where, database, keys));
  if (behind.length > 0) {
    throw new CommandFailure(
      `The new key has not signed the newest checkpoint of ${behind.join(', ')} yet.`,
      'Let the service run (ROLES with worker), or run countersign key rotate again; then finish.',
    );
  }
  await changeSeeds(file, (seeds) => seeds.slice(0, 1));
  output.out(`${file} holds the new key alone; checkpoints of before go on verifying with the old`);
}

/** What contradicts a checkpoint that is known outside must not be signed any further, by no key. */
async function refuseFrozen(database: Database): Promise<void> {
  const freeze = await database.global((db) => currentFreeze(db));
  if (freeze === null) return;
  throw new CommandFailure(
    `Nothing was changed: the installation is read-only, ${freeze.code}: ${freeze.reason}.`,
    'See countersign recover.',
  );
}

async function record(
  where: Installation,
  database: Database,
  keys: SigningKeys,
  output: Output,
): Promise<void> {
  const { anchors, logName } = where.config;
  const given = { database, clock: systemClock, keys };
  const heads = new HeadsSequencer({
    ...given,
    logName,
    publishAtOnce: anchors.witnessPolicyFile === null,
    onFailure: (error) => {
      output.err(textOf(error));
    },
  });
  await heads.runOnce();
  output.out('the log of heads names the new key, signed by the old');
  const vault = fileVault(where.config);
  const ledger = await operatorLedger(database, vault, where.config);
  const signer = new CheckpointSigner(given);
  const missing: string[] = [];
  try {
    for (const { id, slug } of await new IdentityQueries(database).tenants()) {
      try {
        await tell(ledger, vault, database, id, keys);
        await signer.signNow(id);
      } catch (error) {
        output.err(`${slug}: ${textOf(error)}`);
        // Its last checkpoint keeps the old key for ever, which the log of heads explains.
        if (!isAppError(error, 'READ_ONLY') && !isAppError(error, 'KEY_DESTROYED'))
          missing.push(slug);
      }
    }
  } finally {
    await ledger.close();
  }
  await heads.runOnce();
  if (missing.length === 0) return;
  throw new CommandFailure(
    `The ledgers of ${missing.join(', ')} do not say so yet.`,
    'See above why; run countersign key rotate again once they take entries.',
  );
}

/** One entry per ledger and new key, however often it is tried. */
async function tell(
  ledger: LedgerService,
  vault: Vault,
  database: Database,
  tenantId: TenantId,
  keys: SigningKeys,
): Promise<void> {
  const queries = new LedgerQueries({ vault });
  const log = await database.read(tenantId, (tx) => queries.log(tx));
  const [newKey, oldKey] = keys.verifiers(log?.origin ?? '');
  if (log === null || newKey === undefined || oldKey === undefined) return;
  await ledger.append(tenantId, [
    {
      type: 'ledger.key_rotated',
      source: 'countersign',
      subject: subjects.ledger,
      actor: SYSTEM_ACTOR,
      basis: 'authenticated',
      occurredAt: systemClock.now(),
      delivery: `key-rotated-${createHash('sha256').update(newKey.vkey).digest('hex')}`,
      data: { origin: log.origin, newKey: newKey.vkey, oldKey: oldKey.vkey },
    },
  ]);
}

/** Whose newest checkpoint the newest key has not signed: tenants that take entries, and the log of heads. */
async function unsigned(
  where: Installation,
  database: Database,
  keys: SigningKeys,
): Promise<string[]> {
  const newest = (note: string, origin: string): boolean => {
    const [current] = keys.verifiers(origin);
    return current !== undefined && verifyCheckpoint(note, { origin, logKeys: [current] }).ok;
  };
  const heads = await database.global((db) =>
    new HeadsQueries().checkpoint(db, { published: false }),
  );
  const behind = heads !== null && newest(heads.note, heads.origin) ? [] : ['the log of heads'];
  const queries = new LedgerQueries({ vault: fileVault(where.config) });
  for (const { id, slug } of await new IdentityQueries(database).tenants()) {
    const last = await database.read(id, async (tx) => {
      const [open] = await tx.query(
        'SELECT 1 FROM ledger_head WHERE tenant_id = $1::uuid AND frozen_reason IS NULL',
        [id],
      );
      return open === undefined ? null : queries.checkpoint(tx);
    });
    if (last !== null && !newest(last.note, last.origin)) behind.push(slug);
  }
  return behind;
}

function textOf(error: unknown): string {
  const { publicMessage } = error as { publicMessage?: string };
  return publicMessage ?? (error instanceof Error ? error.message : String(error));
}

function underWay(file: string): CommandFailure {
  return new CommandFailure(
    `Somebody else began a rotation in ${file} at this moment.`,
    'Run the command again: it goes on with that one.',
  );
}
