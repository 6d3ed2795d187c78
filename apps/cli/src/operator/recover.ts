import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import {
  freezeInstallation,
  openAnchors,
  openFreezes,
  outsideSources,
  recover,
  StoreCheck,
  type InstallationFreeze,
} from '@countersign/anchor';
import type { Database } from '@countersign/database';
import { systemClock } from '@countersign/kernel';
import { LedgerService, SigningKeys } from '@countersign/ledger';
import { fileVault } from '@countersign/vault';
import { CommandFailure, EXIT, type ExitCode } from '../exit.js';
import type { Output } from '../output.js';
import { installation, withDatabase, type Installation } from './runtime.js';

export interface RecoverOptions {
  readonly acceptGap?: true;
  readonly reason?: string;
}

/** Says why the installation is read-only, or with --accept-gap takes it on from there. */
export async function recoverInstallation(
  options: RecoverOptions,
  output: Output,
): Promise<ExitCode> {
  const where = await installation();
  const { config } = where;
  const keys = await SigningKeys.open(
    config.signingKeyFile ?? join(config.dataDir, 'keys', 'checkpoint.key'),
  );
  return withDatabase(where, async (database) => {
    const freezes = await findFreezes(where, database, keys, output);
    if (freezes.length === 0) {
      output.out(
        'Nothing to recover: the database contains every checkpoint that is known outside.',
      );
      return EXIT.ok;
    }
    for (const { at, code, reason } of freezes)
      output.out(`${code} since ${at.toISOString()}: ${reason}`);
    if (options.acceptGap !== true) {
      for (const line of EXPLANATION) output.err(line);
      return EXIT.incomplete;
    }
    if (options.reason === undefined || options.reason.trim() === '') {
      throw new CommandFailure(
        '--accept-gap needs --reason "…".',
        'It becomes part of the ledger.',
        EXIT.usage,
      );
    }
    const ledger = new LedgerService({
      database,
      clock: systemClock,
      logName: config.logName,
      vault: fileVault(config),
    });
    try {
      const report = await recover({
        database,
        ledger,
        keys,
        clock: systemClock,
        logName: config.logName,
        reason: options.reason,
        operator: `${userInfo().username}@${hostname()}`,
      });
      for (const tenant of report?.tenants ?? []) {
        output.out(
          `${tenant.oldOrigin} ends with ${tenant.restoredSize} entries; ${tenant.newOrigin} goes on from there`,
        );
      }
      if (report !== null && report.heads !== null) {
        output.out(
          `log of heads: ${report.heads.oldOrigin} is followed by ${report.heads.newOrigin}`,
        );
        const [key] = keys.verifiers(report.heads.newOrigin);
        output.out(`log ${key?.vkey ?? ''}`);
      }
    } finally {
      await ledger.close();
    }
    output.err(
      'Give the new log keys to witnesses and auditors (countersign trust). The service goes on by itself.',
    );
    return EXIT.ok;
  });
}

/** Those that are recorded, after a look at what is known outside now. */
async function findFreezes(
  { config }: Installation,
  database: Database,
  keys: SigningKeys,
  output: Output,
): Promise<InstallationFreeze[]> {
  const file = join(config.dataDir, 'anchors', 'heads.checkpoint');
  const anchors = await openAnchors(config.anchors, file, systemClock);
  const check = new StoreCheck({ database, keys, sources: outsideSources(anchors) });
  const { contradiction, unanswered } = await check.run();
  for (const { source, why } of unanswered) output.err(`${source}: ${why}`);
  if (contradiction !== null) {
    await database.global((db) => freezeInstallation(db, contradiction, systemClock.now()));
  }
  return database.global((db) => openFreezes(db));
}

const EXPLANATION = [
  '',
  'Somebody outside holds a checkpoint that this database does not contain: entries were lost or replaced.',
  'First look for a better copy of the database. With it nothing has to be accepted: stop the service, restore',
  'it and start again. If there is none, accept the gap:',
  '',
  '  countersign recover --accept-gap --reason "disk of db-1 lost, restored the backup of 02:00"',
  '',
  'Every log then goes on under a new origin, since its old one has signed what is lost. The first entry of each',
  'says so, signed. What was exported or received before still verifies under the old origin.',
];
