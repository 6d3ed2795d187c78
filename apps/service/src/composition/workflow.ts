import { join } from 'node:path';
import { projectRoot, type Config } from '@countersign/config';
import { Database } from '@countersign/database';
import { MlflowRest, SourceService } from '@countersign/ingest';
import type { Clock } from '@countersign/kernel';
import { LedgerQueries, LedgerService } from '@countersign/ledger';
import { LineageQueries } from '@countersign/lineage';
import { PolicyQueries, PolicyService } from '@countersign/policy';
import {
  PermitIssuer,
  PolicyBook,
  PromotionQueries,
  PromotionService,
} from '@countersign/promotion';
import { RegistryQueries } from '@countersign/registry';
import type { Provider } from '@nestjs/common';
import { MlflowWriter } from './mlflow-writer.js';
import { CLOCK, CONFIG } from './tokens.js';

/** The promotion workflow with what it stands on. */
export const workflowProviders: readonly Provider[] = [
  {
    provide: PermitIssuer,
    inject: [CONFIG],
    useFactory: (config: Config) =>
      PermitIssuer.open({
        keyFile: join(config.dataDir, 'keys', 'permit.jwk'),
        issuer: config.publicUrl,
      }),
  },
  {
    provide: PolicyBook,
    useFactory: () => PolicyBook.load(join(projectRoot(), 'policies', 'promotion')),
  },
  {
    provide: MlflowWriter,
    inject: [Database, SourceService],
    useFactory: (database: Database, sources: SourceService) =>
      new MlflowWriter(database, sources, (baseUrl) => new MlflowRest({ baseUrl })),
  },
  {
    provide: PromotionService,
    inject: [
      Database,
      LedgerService,
      LedgerQueries,
      PolicyService,
      PolicyQueries,
      RegistryQueries,
      LineageQueries,
      PermitIssuer,
      MlflowWriter,
      PolicyBook,
      CLOCK,
    ],
    useFactory: (
      database: Database,
      ledger: LedgerService,
      entries: LedgerQueries,
      policy: PolicyService,
      roles: PolicyQueries,
      registry: RegistryQueries,
      lineage: LineageQueries,
      permits: PermitIssuer,
      writer: MlflowWriter,
      book: PolicyBook,
      clock: Clock,
    ) =>
      new PromotionService({
        database,
        ledger,
        entries,
        policy,
        roles,
        registry,
        lineage,
        permits,
        writer,
        book,
        clock,
      }),
  },
  {
    provide: PromotionQueries,
    inject: [
      LedgerQueries,
      PolicyService,
      PolicyQueries,
      RegistryQueries,
      LineageQueries,
      PolicyBook,
      CLOCK,
    ],
    useFactory: (
      entries: LedgerQueries,
      policy: PolicyService,
      roles: PolicyQueries,
      registry: RegistryQueries,
      lineage: LineageQueries,
      book: PolicyBook,
      clock: Clock,
    ) => new PromotionQueries({ entries, policy, roles, registry, lineage, book, clock }),
  },
];
