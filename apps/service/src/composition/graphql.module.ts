import type { Config } from '@countersign/config';
import { Database } from '@countersign/database';
import { IdentityService } from '@countersign/identity';
import type { Clock } from '@countersign/kernel';
import { LedgerQueries, LedgerService } from '@countersign/ledger';
import { PolicyService } from '@countersign/policy';
import type { DynamicModule, Provider } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import type { Logger } from 'pino';
import { graphqlOptions } from '../graphql/graphql.options.js';
import { RESOLVERS } from '../graphql/graphql.resolvers.js';
import { ENTRY_STREAM } from '../graphql/ledger/entry-appended.resolver.js';
import type { EntryStreamDeps } from '../graphql/ledger/entry-stream.js';
import { StreamSlots } from '../graphql/ledger/stream-slots.js';
import { RegistryEdges } from '../graphql/registry/registry.edges.js';
import { CallerFactory } from '../graphql/runtime/authenticate.js';
import { SourcesEdges } from '../graphql/sources/sources.edges.js';
import { CLOCK, CONFIG, LOGGER, STOPPING } from './tokens.js';

const providers: readonly Provider[] = [
  ...RESOLVERS,
  RegistryEdges,
  SourcesEdges,
  {
    provide: ENTRY_STREAM,
    inject: [Database, LedgerQueries, LedgerService, PolicyService, CLOCK, STOPPING],
    useFactory: (
      database: Database,
      queries: LedgerQueries,
      ledger: LedgerService,
      policy: PolicyService,
      clock: Clock,
      stopping: AbortSignal,
    ): EntryStreamDeps => ({
      database,
      queries,
      ledger,
      policy,
      clock,
      stopping,
      slots: new StreamSlots(),
    }),
  },
];

/** The GraphQL endpoint with every resolver. */
@Module({})
export class GraphqlModule {
  static forRoot(rooms: DynamicModule): DynamicModule {
    return {
      module: GraphqlModule,
      imports: [
        rooms,
        GraphQLModule.forRootAsync<MercuriusDriverConfig>({
          driver: MercuriusDriver,
          imports: [rooms],
          inject: [CONFIG, LOGGER, Database, IdentityService, PolicyService],
          useFactory: (
            config: Config,
            log: Logger,
            database: Database,
            identity: IdentityService,
            policy: PolicyService,
          ) =>
            graphqlOptions({
              callers: new CallerFactory(identity, database),
              policy,
              log,
              production: config.nodeEnv === 'production',
              origins: originsOf(config),
            }),
        }),
      ],
      providers: [...providers],
    };
  }
}

/** Pages that belong to this service; in development also under the names of this machine. */
function originsOf({ nodeEnv, port, publicUrl }: Config): string[] {
  const own = new URL(publicUrl).origin;
  return nodeEnv === 'production'
    ? [own]
    : [own, `http://localhost:${port}`, `http://127.0.0.1:${port}`];
}
