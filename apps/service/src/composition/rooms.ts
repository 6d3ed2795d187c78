import { join } from 'node:path';
import { projectRoot, requireDatabaseUrl, type Config } from '@countersign/config';
import { Database } from '@countersign/database';
import {
  IdentityQueries,
  IdentityService,
  PrincipalNames,
  TokenVerifier,
} from '@countersign/identity';
import { IngestService, QuarantineQueries, SourceService } from '@countersign/ingest';
import type { Clock } from '@countersign/kernel';
import { LedgerQueries, LedgerService, readCursor } from '@countersign/ledger';
import { lineageProjector, LineageQueries } from '@countersign/lineage';
import {
  loadPolicyFiles,
  PolicyQueries,
  PolicyService,
  type PolicyFiles,
} from '@countersign/policy';
import { RegistryQueries } from '@countersign/registry';
import { fileVault, Vault } from '@countersign/vault';
import type { Provider } from '@nestjs/common';
import { effectiveIssuers } from '../dev-issuer/index.js';
import { CLOCK, CONFIG, POLICY_FILES, PUBLIC_URL } from './tokens.js';

/** Connections of one process: the group commit holds two, projectors two, the rest serve requests. */
const CONNECTIONS_MAX = 20;

/** The plain classes of the libs below the workflow, each made once per process. */
export const roomProviders: readonly Provider[] = [
  {
    provide: Database,
    inject: [CONFIG],
    useFactory: (config: Config) =>
      new Database({ connectionString: requireDatabaseUrl(config), max: CONNECTIONS_MAX }),
  },
  { provide: Vault, inject: [CONFIG], useFactory: (config: Config) => fileVault(config) },
  {
    provide: LedgerService,
    inject: [Database, CLOCK, CONFIG, Vault],
    useFactory: (database: Database, clock: Clock, config: Config, vault: Vault) =>
      new LedgerService({ database, clock, vault, logName: config.logName }),
  },
  {
    provide: LedgerQueries,
    inject: [Vault],
    useFactory: (vault: Vault) => new LedgerQueries({ vault }),
  },
  {
    provide: POLICY_FILES,
    useFactory: () => loadPolicyFiles(join(projectRoot(), 'policies')),
  },
  {
    provide: PolicyService,
    inject: [Database, LedgerService, CLOCK, POLICY_FILES],
    useFactory: (database: Database, ledger: LedgerService, clock: Clock, files: PolicyFiles) =>
      new PolicyService({ database, ledger, clock, files }),
  },
  {
    provide: PolicyQueries,
    inject: [POLICY_FILES, CLOCK],
    useFactory: (files: PolicyFiles, clock: Clock) => new PolicyQueries(files, clock),
  },
  {
    provide: TokenVerifier,
    inject: [CLOCK, CONFIG],
    useFactory: (clock: Clock, config: Config) =>
      new TokenVerifier({ issuers: effectiveIssuers(config), clock }),
  },
  {
    provide: IdentityService,
    inject: [Database, LedgerService, CLOCK, TokenVerifier, PolicyService, Vault],
    useFactory: (
      database: Database,
      ledger: LedgerService,
      clock: Clock,
      verifier: TokenVerifier,
      policy: PolicyService,
      vault: Vault,
    ) =>
      new IdentityService({
        database,
        ledger,
        clock,
        vault,
        verifier,
        openPolicy: (tx) => policy.openPolicy(tx),
      }),
  },
  {
    provide: PrincipalNames,
    inject: [LedgerQueries],
    useFactory: (entries: LedgerQueries) => new PrincipalNames(entries),
  },
  {
    provide: IdentityQueries,
    inject: [IdentityService],
    useFactory: (identity: IdentityService) => identity.queries,
  },
  {
    provide: SourceService,
    inject: [Database, LedgerService, CLOCK],
    useFactory: (database: Database, ledger: LedgerService, clock: Clock) =>
      new SourceService({ database, ledger, clock }),
  },
  {
    provide: IngestService,
    inject: [Database, LedgerService, CLOCK, SourceService, LedgerQueries],
    useFactory: (
      database: Database,
      ledger: LedgerService,
      clock: Clock,
      sources: SourceService,
      queries: LedgerQueries,
    ) => new IngestService({ database, ledger, clock, sources, queries }),
  },
  { provide: QuarantineQueries, useFactory: () => new QuarantineQueries() },
  {
    provide: RegistryQueries,
    inject: [Vault],
    useFactory: (vault: Vault) => new RegistryQueries({ vault }),
  },
  {
    provide: LineageQueries,
    useFactory: () => new LineageQueries({ cursor: (tx) => readCursor(tx, lineageProjector.name) }),
  },
  {
    provide: PUBLIC_URL,
    inject: [CONFIG],
    useFactory: (config: Config) => config.publicUrl,
  },
];
