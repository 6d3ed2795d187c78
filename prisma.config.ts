import { fileURLToPath } from 'node:url';
import { defineConfig } from 'prisma/config';

// Loaded before the CLI looks for its engine, so no environment has to be set outside (docs/adr/0003).
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= fileURLToPath(
  new URL('./tools/prisma-schema-engine.mjs', import.meta.url),
);

export default defineConfig({
  schema: 'prisma',
  migrations: { path: 'prisma/migrations' },
  // `generate`, `validate` and `format` need no database; other commands fail with P1001 on this placeholder.
  datasource: {
    url: process.env['DATABASE_URL'] ?? 'postgresql://DATABASE_URL_is_not_set@127.0.0.1:1/none',
  },
});
