#!/usr/bin/env node
// Stands in for Prisma's native `schema-engine` executable.
// Runs the same engine compiled to WebAssembly (@prisma/schema-engine-wasm) over node-postgres
// and speaks to the Prisma CLI as the native one does: sub-commands plus JSON-RPC on stdin/stdout.
// stdout belongs to the protocol: anything else must go to stderr.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const require = createRequire(import.meta.url);
const pg = require('pg');
const { PrismaPg } = require('@prisma/adapter-pg');
const {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
} = require('@prisma/driver-adapter-utils');

// Commit of the engine build; the same hash ends the version of @prisma/schema-engine-wasm.
const ENGINE_COMMIT = '0edf323efd1d98336f3f0a68684b56f689b900d3';

// ---------------------------------------------------------------- command line

const argv = process.argv.slice(2);

/** Every value given for a repeatable option. */
function optionValues(name) {
  const values = [];
  for (let i = 0; i < argv.length; i++) if (argv[i] === name) values.push(argv[++i]);
  return values;
}

// { url, shadowDatabaseUrl } as written in prisma.config.ts
const datasource = JSON.parse(optionValues('--datasource')[0] ?? '{}');

/** [path, text] of every schema file named by the CLI. */
function readDatamodels() {
  return optionValues('--datamodels').map((file) => [file, readFileSync(resolve(file), 'utf8')]);
}

/** One log line in the form the CLI parses: it takes error_code and message from ERROR lines. */
function log(level, fields) {
  const line = {
    timestamp: new Date().toISOString(),
    level,
    fields,
    target: 'schema_engine::logger',
  };
  process.stderr.write(JSON.stringify(line) + '\n');
}

// ---------------------------------------------------------------- connection strings

// Parameters that Prisma understands and node-postgres does not.
const PRISMA_ONLY_PARAMS = [
  'schema',
  'connection_limit',
  'pool_timeout',
  'pgbouncer',
  'connect_timeout',
  'socket_timeout',
  'statement_cache_size',
];

function parseUrl(text) {
  const url = new URL(text);
  const schema = url.searchParams.get('schema') ?? 'public';
  for (const name of PRISMA_ONLY_PARAMS) url.searchParams.delete(name);
  return {
    url,
    schema,
    connectionString: url.toString(),
    database: decodeURIComponent(url.pathname.slice(1)),
  };
}

/** The same server, database `postgres`: where CREATE DATABASE and DROP DATABASE are sent. */
function adminUrl(text) {
  const { url } = parseUrl(text);
  url.pathname = '/postgres';
  return url.toString();
}

function quoteIdentifier(name) {
  return '"' + name.replaceAll('"', '""') + '"';
}

async function withClient(connectionString, use) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}

/** PostgreSQL or socket error -> Prisma error code. */
function prismaErrorCode(error) {
  switch (error.code) {
    case '3D000': // no such database
      return 'P1003';
    case '28P01': // wrong password
      return 'P1000';
    case '28000': // not authorised
      return 'P1010';
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'ETIMEDOUT':
    case 'EAI_AGAIN':
      return 'P1001';
    default:
      return 'P1011';
  }
}

// ---------------------------------------------------------------- `cli` sub-commands

/** can-connect-to-database, create-database, drop-database; the answer is the exit status. */
async function runCliCommand(command) {
  const { connectionString, database } = parseUrl(datasource.url);
  log('INFO', { message: `Starting schema engine CLI (wasm) ${command}` });
  try {
    const target =
      command === 'can-connect-to-database' ? connectionString : adminUrl(datasource.url);
    await withClient(target, async (client) => {
      if (command === 'create-database') {
        await client.query(`CREATE DATABASE ${quoteIdentifier(database)}`);
      } else if (command === 'drop-database') {
        await client.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(database)} WITH (FORCE)`);
      }
    });
    process.exit(0);
  } catch (error) {
    log('ERROR', { error_code: prismaErrorCode(error), message: error.message });
    process.exit(1);
  }
}

// ---------------------------------------------------------------- corrections to @prisma/adapter-pg

const TEXT_OID = 25;

// Catalogue types that the engine reads and adapter-pg cannot map, by type OID.
const CATALOGUE_TYPES = {
  18: ColumnTypeEnum.Character, // "char"
  19: ColumnTypeEnum.Text, // name
  22: ColumnTypeEnum.Text, // int2vector
  28: ColumnTypeEnum.Text, // xid
  30: ColumnTypeEnum.Text, // oidvector
  194: ColumnTypeEnum.Text, // pg_node_tree
  2205: ColumnTypeEnum.Text, // regclass
  2206: ColumnTypeEnum.Text, // regtype
};

/**
 * Correction 1: present catalogue columns to the adapter as text, then put the right type back.
 * The engine sends one query at a time per connection, so one `columnTypes` variable is enough.
 */
function mapCatalogueTypes(queryable) {
  let columnTypes = [];

  const performIO = queryable.performIO.bind(queryable);
  queryable.performIO = async (query) => {
    let result = await performIO(query);
    if (Array.isArray(result)) result = result.at(-1); // several statements in one string
    columnTypes = result.fields.map((field) => CATALOGUE_TYPES[field.dataTypeID]);
    const fields = result.fields.map((field) =>
      field.dataTypeID in CATALOGUE_TYPES
        ? { ...field, name: field.name, dataTypeID: TEXT_OID }
        : field,
    );
    return { ...result, rowCount: result.rowCount, rows: result.rows, fields };
  };

  const queryRaw = queryable.queryRaw.bind(queryable);
  queryable.queryRaw = async (query) => {
    const result = await queryRaw(query);
    const restored = columnTypes;
    return { ...result, columnTypes: result.columnTypes.map((type, i) => restored[i] ?? type) };
  };

  return queryable;
}

/** Correction 2: send a script whole. The adapter splits it on ';', which breaks every function body. */
async function executeWholeScript(script) {
  const client = await this.client.connect();
  try {
    await client.query(script);
  } catch (error) {
    this.onError(error);
  } finally {
    client.release();
  }
}

function correctAdapter(adapter, dispose) {
  mapCatalogueTypes(adapter);
  const startTransaction = adapter.startTransaction.bind(adapter);
  adapter.startTransaction = async (isolationLevel) =>
    mapCatalogueTypes(await startTransaction(isolationLevel));
  adapter.executeScript = executeWholeScript;
  if (dispose) adapter.dispose = dispose;
  return adapter;
}

async function connectTo(connectionString, schema) {
  return new PrismaPg({ connectionString }, { schema }).connect();
}

/**
 * Correction 3: the adapter drops the shadow database before it closes its own pool.
 * Close first, then drop. A shadowDatabaseUrl from the configuration is used as it is.
 */
async function connectToShadowDatabase(main) {
  if (datasource.shadowDatabaseUrl) {
    const shadow = parseUrl(datasource.shadowDatabaseUrl);
    return correctAdapter(await connectTo(shadow.connectionString, shadow.schema));
  }

  const database = `prisma_migrate_shadow_db_${crypto.randomUUID()}`;
  const admin = new pg.Client({ connectionString: main.connectionString });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${quoteIdentifier(database)}`);

  const shadowUrl = new URL(main.connectionString);
  shadowUrl.pathname = '/' + database;
  const adapter = await connectTo(shadowUrl.toString(), main.schema);
  const closePool = adapter.dispose.bind(adapter);
  return correctAdapter(adapter, async () => {
    await closePool();
    await admin.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(database)} WITH (FORCE)`);
    await admin.end();
  });
}

function createAdapterFactory() {
  // Commands such as `validate` give no datasource; the placeholder is never connected to.
  const main = parseUrl(datasource.url ?? 'postgresql://127.0.0.1:1/none');
  const factory = new PrismaPg(
    { connectionString: main.connectionString, idleTimeoutMillis: 1000 },
    { schema: main.schema },
  );
  const connect = factory.connect.bind(factory);
  factory.connect = async () => correctAdapter(await connect());
  factory.connectToShadowDb = () => connectToShadowDatabase(main);
  return bindMigrationAwareSqlAdapterFactory(factory);
}

// ---------------------------------------------------------------- the engine

/** Instantiates the wasm by hand: its own entry module imports a .wasm file, which Node 20 refuses. */
async function loadEngineModule() {
  const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const wasmFile = new URL(
    './schema_engine_bg.wasm',
    import.meta.resolve('@prisma/schema-engine-wasm'),
  );
  const wasm = new WebAssembly.Module(readFileSync(wasmFile));
  const instance = new WebAssembly.Instance(wasm, { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue;
}

/** The engine is created at the first call that needs it, and once only. */
function createEngineSource(glue, factory) {
  const datamodels = readDatamodels();
  let engine;
  return () =>
    (engine ??= glue.SchemaEngine.new(
      { datamodels: datamodels.length ? datamodels : undefined },
      (message) => process.stderr.write(message + '\n'),
      factory,
    ));
}

// ---------------------------------------------------------------- JSON-RPC on stdin/stdout

function send(message) {
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n');
}

/** Methods that need more than a plain call of the engine's method of the same name. */
function createMethods(getEngine) {
  let printId = 1e6; // ids of our own requests, far above those of the CLI

  return {
    async createDatabase() {
      const { database } = parseUrl(datasource.url);
      await withClient(adminUrl(datasource.url), (client) =>
        client.query(`CREATE DATABASE ${quoteIdentifier(database)}`),
      );
      return { databaseName: database };
    },

    getDatabaseVersion: async (params) => (await getEngine()).version(params),

    getDatabaseDescription: async () => '',

    // The native engine prints through a `print` request to the CLI instead of returning the text.
    async diff(params) {
      const result = await (await getEngine()).diff(params);
      if (result.stdout !== null && result.stdout !== undefined)
        send({ id: printId++, method: 'print', params: { content: result.stdout } });
      return { ...result, stdout: null };
    },
  };
}

/** Adapter errors cross the wasm boundary as "External error id#N"; fetch the one that is meant. */
function unwrapError(error, factory) {
  const id = /External error id#(\d+)/.exec(error.message ?? '')?.[1];
  if (id === undefined) return error;
  const original = factory.errorRegistry.consumeError(Number(id))?.error;
  return original ? { message: original.cause?.originalMessage ?? original.message } : error;
}

function toRpcError(error) {
  return {
    code: 4466, // what the native engine uses for every known error
    message: 'An error happened. Check the data field for details.',
    data: {
      is_panic: false,
      message: error.message ?? String(error),
      meta: error.meta ?? null,
      error_code: error.code ?? null,
    },
  };
}

async function serve() {
  const factory = createAdapterFactory();
  const getEngine = createEngineSource(await loadEngineModule(), factory);
  const methods = createMethods(getEngine);
  const input = createInterface({ input: process.stdin });
  let pending = 0;
  let closed = false;

  input.on('line', async (line) => {
    const request = JSON.parse(line);
    if (!request.method) return; // the CLI's answer to one of our `print` requests
    pending++;
    try {
      const method =
        methods[request.method] ?? (async (params) => (await getEngine())[request.method](params));
      send({ id: request.id, result: (await method(request.params)) ?? {} });
    } catch (error) {
      send({ id: request.id, error: toRpcError(unwrapError(error, factory)) });
    }
    pending--;
    if (closed && !pending) process.exit(0);
  });

  input.on('close', () => {
    closed = true;
    if (!pending) process.exit(0);
  });
}

// ---------------------------------------------------------------- main

if (argv.includes('--version') || argv.includes('-V')) {
  console.log(`schema-engine-cli ${ENGINE_COMMIT} (wasm)`);
} else if (argv.includes('cli')) {
  await runCliCommand(argv[argv.indexOf('cli') + 1]);
} else {
  await serve();
}
