import { join } from 'node:path';
import { projectRoot, requireDatabaseUrl } from '@countersign/config';
import { explainConnectionFailure, migrate } from '@countersign/database';
import { CommandFailure } from '../exit.js';
import type { Output } from '../output.js';
import { installation } from './runtime.js';

/** Brings the database of this installation up to date. */
export async function migrateDatabase(output: Output): Promise<void> {
  const { config } = await installation();
  const url = config.databaseMigrationUrl ?? requireDatabaseUrl(config);
  try {
    const report = await migrate(url, join(projectRoot(), 'prisma', 'migrations'));
    for (const name of report.applied) output.err(`applied ${name}`);
    output.out(
      report.applied.length === 0
        ? `database up to date (${report.total} migrations)`
        : `database migrated (${report.applied.length} of ${report.total} migrations were new)`,
    );
  } catch (error) {
    const failure = explainConnectionFailure(error);
    if (failure === null) throw error;
    throw new CommandFailure(
      failure.message.replaceAll('DATABASE_URL', 'DATABASE_MIGRATION_URL (or DATABASE_URL)'),
      failure.hint,
    );
  }
}
