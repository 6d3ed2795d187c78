// Who may import what. Each rule has a canary (tools/dependency-canary.mjs) that proves it can fail.
const rooms = {
  anchor: ['ledger', 'events', 'database', 'chain', 'kernel'],
  config: ['kernel'],
  database: ['config', 'kernel'],
  events: ['kernel'],
  identity: ['ledger', 'vault', 'events', 'database', 'config', 'kernel'],
  ingest: ['ledger', 'vault', 'events', 'identity', 'database', 'chain', 'kernel'],
  ledger: ['chain', 'events', 'database', 'vault', 'kernel'],
  lineage: ['ledger', 'registry', 'events', 'database', 'chain', 'kernel'],
  policy: ['ledger', 'events', 'database', 'config', 'kernel'],
  promotion: [
    'policy',
    'ledger',
    'registry',
    'lineage',
    'identity',
    'vault',
    'database',
    'events',
    'chain',
    'kernel',
  ],
  registry: ['ledger', 'vault', 'events', 'database', 'kernel'],
  vault: ['kernel'],
  witness: ['chain', 'kernel'],
};

/** Tests may reach for test support and for rooms that their subject must not know. */
const SPEC = '(\\.(spec|e2e-spec)\\.ts$|^libs/[^/]+/src/testing/)';

const error = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });

module.exports = {
  forbidden: [
    error(
      'no-circular',
      { pathNot: 'libs/database/src/generated/' },
      { circular: true },
      'No import cycle at all, types included.',
    ),
    error(
      'no-unresolved',
      {},
      { couldNotResolve: true },
      'An import that cannot be resolved escapes every other rule.',
    ),
    error(
      'libs-not-to-apps',
      { path: '^libs/', pathNot: SPEC },
      { path: '^apps/' },
      'Lower rooms never know higher ones.',
    ),
    error(
      'apps-stand-apart',
      { path: '^apps/([^/]+)/', pathNot: SPEC },
      { path: '^apps/', pathNot: '^apps/$1/' },
      'Apps do not import one another.',
    ),
    error(
      'only-through-index',
      { path: '^(apps|libs)/([^/]+)/', pathNot: SPEC },
      { path: '^libs/', pathNot: ['^libs/[^/]+/src/index\\.ts$', '^$1/$2/'] },
      'A lib has one door.',
    ),
    error(
      'not-to-tests',
      { path: '^(apps|libs)/', pathNot: SPEC },
      { path: ['^test/', SPEC] },
      'Shipped code never imports a test.',
    ),
    error(
      'kernel-stands-alone',
      { path: '^libs/kernel/', pathNot: SPEC },
      { pathNot: '^libs/kernel/' },
      'The kernel knows nothing.',
    ),
    error(
      'chain-stands-alone',
      { path: '^libs/chain/', pathNot: SPEC },
      { pathNot: ['^libs/chain/', '^(node:)?crypto$'] },
      'An auditor must be able to read chain alone.',
    ),
    error(
      'pure-stays-pure',
      { path: '^libs/(kernel|events|[^/]+/src/domain)/', pathNot: SPEC },
      {
        path: [
          'node_modules/(@nestjs|@prisma|graphql|casbin|kafkajs|pg)/',
          '^libs/(?!(kernel|chain|events)/)[^/]+/src/(?!domain/)',
        ],
      },
      'Pure rules take facts and give decisions.',
    ),
    error(
      'nest-in-apps-only',
      { path: '^libs/', pathNot: SPEC },
      { path: 'node_modules/@nestjs/' },
      'Libs are plain classes; Nest composes them in the service.',
    ),
    error(
      'verifier-stays-offline',
      { path: '^apps/cli/src/verify/', pathNot: SPEC },
      {
        path: [
          '^libs/(?!chain/)',
          '^apps/cli/src/(?!verify/|output\\.ts|exit\\.ts)',
          'node_modules/(@nestjs|@prisma|pg|kafkajs)/',
        ],
      },
      'The offline verifier imports chain only.',
    ),
    error(
      'graphql-stays-in-its-room',
      {
        path: '^(apps|libs)/',
        pathNot: [
          '^apps/service/src/(graphql|composition)/',
          '^apps/service/src/(main|emit-schema|app\\.module)\\.ts$',
          SPEC,
        ],
      },
      { path: 'node_modules/(@nestjs/graphql|@nestjs/mercurius|mercurius)/' },
      'GraphQL lives in one folder.',
    ),
    error(
      'service-rooms-apart',
      { path: '^apps/service/src/(graphql|http|workers)/', pathNot: SPEC },
      { path: '^apps/service/src/(graphql|http|workers)/', pathNot: '^apps/service/src/$1/' },
      'graphql, http and workers do not import one another.',
    ),
    error(
      'sources-apart',
      { path: '^libs/ingest/src/sources/([^/]+)/', pathNot: SPEC },
      { path: '^libs/ingest/src/sources/([^/]+)/', pathNot: '^libs/ingest/src/sources/$1/' },
      'One source never imports another.',
    ),
    error(
      'prisma-and-pg-in-database',
      { path: '^(apps|libs)/', pathNot: ['^libs/database/', SPEC] },
      {
        path: ['node_modules/(@prisma|prisma|pg)/', 'libs/database/src/generated/'],
        dependencyTypesNot: ['type-only'],
      },
      'SQL drivers are values in libs/database alone.',
    ),
    error(
      'casbin-in-policy',
      { path: '^(apps|libs)/', pathNot: ['^libs/policy/', SPEC] },
      { path: 'node_modules/casbin/' },
      'Decisions come from libs/policy.',
    ),
    error(
      'kafka-in-workers',
      {
        path: '^(apps|libs)/',
        pathNot: ['^apps/service/src/workers/', '^apps/cli/src/operator/', SPEC],
      },
      { path: 'node_modules/kafkajs/' },
      'kafkajs stands behind one port.',
    ),
    ...Object.entries(rooms).map(([room, allowed]) =>
      error(
        `${room}-imports`,
        { path: `^libs/${room}/`, pathNot: SPEC },
        { path: '^libs/', pathNot: `^libs/(${[room, ...allowed].join('|')})/` },
        `What libs/${room} may know.`,
      ),
    ),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: ['node_modules', 'libs/database/src/generated'] },
    exclude: { path: ['^dist/', '^coverage/'] },
    enhancedResolveOptions: {
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
