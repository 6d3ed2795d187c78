#!/usr/bin/env node
// The database that the migrations make is the one that prisma/*.prisma describes, and Prisma's own bookkeeping
// agrees that everything is applied. Exit code 1 when they drifted apart.
//
//   node tools/check-migrations.mjs [--schema FOLDER]
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startEmbeddedPostgres } from './embedded-postgres.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const prismaCli = join(
  dirname(createRequire(import.meta.url).resolve('prisma/package.json')),
  'build',
  'index.js',
);
const at = process.argv.indexOf('--schema');
const schema = at === -1 ? 'prisma' : process.argv[at + 1];

const server = await startEmbeddedPostgres({
  directory: join(root, '.data', 'test-pg'),
  port: 15533,
});
const database = `drift_${randomUUID().replaceAll('-', '')}`;
await server.ensureDatabase(database);
const env = { ...process.env, DATABASE_URL: server.ownerUrl(database) };
try {
  const steps = [
    ['deploy', ['migrate', 'deploy']],
    ['status', ['migrate', 'status']],
    [
      'drift',
      ['migrate', 'diff', '--from-config-datasource', '--to-schema', schema, '--exit-code'],
    ],
  ];
  for (const [name, args] of steps) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [prismaCli, ...args], {
      cwd: root,
      env,
      encoding: 'utf8',
    });
    if (status !== 0) {
      console.error(`migrations: ${name} failed (exit ${status}).\n${stdout}${stderr}`);
      if (name === 'drift')
        console.error('prisma/*.prisma and prisma/migrations describe different databases.');
      process.exitCode = 1;
      break;
    }
  }
  if (process.exitCode === undefined) console.log('migrations and prisma/*.prisma agree');
} finally {
  const admin = new pg.Client({ connectionString: server.ownerUrl('postgres') });
  await admin.connect();
  await admin.query(`DROP DATABASE "${database}" WITH (FORCE)`);
  await admin.end();
  if (server.started) server.stop();
}
