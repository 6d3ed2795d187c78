import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig, requireDatabaseUrl, type Config } from '@countersign/config';
import { Database } from '@countersign/database';
import { z } from 'zod';

/** What `npm start` leaves for other programs of this machine. */
const runtimeSchema = z.object({
  url: z.string().optional(),
  databaseUrl: z.string().optional(),
  databaseMigrationUrl: z.string().optional(),
});
const serviceSchema = z.object({ url: z.string() });

/** The installation that a command works on. */
export interface Installation {
  readonly config: Config;
  /** Where the service listens. */
  readonly url: string;
}

/**
 * Environment first; what is not set there comes from the files that the start command and the service keep under
 * DATA_DIR while they run. Throws ConfigError for a wrong variable.
 */
export async function installation(): Promise<Installation> {
  const config = loadConfig();
  const runtime = await readJson(join(config.dataDir, 'runtime.json'), runtimeSchema);
  const service = await readJson(join(config.dataDir, 'service.json'), serviceSchema);
  return {
    url: service?.url ?? runtime?.url ?? config.publicUrl,
    config: {
      ...config,
      databaseUrl: config.databaseUrl ?? runtime?.databaseUrl ?? null,
      databaseMigrationUrl:
        config.databaseMigrationUrl ??
        (config.databaseUrl === null ? (runtime?.databaseMigrationUrl ?? null) : null),
    },
  };
}

/** Opens the installation's database for one piece of work and closes it again. */
export async function withDatabase<Result>(
  { config }: Installation,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = new Database({
    connectionString: requireDatabaseUrl(config),
    max: 2,
    applicationName: 'countersign-cli',
  });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Null when the file is not there, cannot be read, or is something else: it is a help, not a source of truth. */
async function readJson<Value>(file: string, schema: z.ZodType<Value>): Promise<Value | null> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}
