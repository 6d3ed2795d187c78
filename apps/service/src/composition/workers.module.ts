import { AnchorWorker, FreezeWatch, type Anchors } from '@countersign/anchor';
import { Database } from '@countersign/database';
import { IdentityQueries } from '@countersign/identity';
import { IngestService, MlflowRest, SourceService } from '@countersign/ingest';
import type { Clock, TenantId } from '@countersign/kernel';
import {
  CheckpointSigner,
  HeadsSequencer,
  LedgerQueries,
  LedgerService,
  ProjectionRunner,
  type Projector,
} from '@countersign/ledger';
import { lineageProjector } from '@countersign/lineage';
import { promotionObserver, PromotionService } from '@countersign/promotion';
import { ReadBackWorker, readBackPlanner, registryProjector } from '@countersign/registry';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import type { Logger } from 'pino';
import { MlflowReader } from '../workers/read-back.js';
import { LedgerSweep } from '../workers/ledger-sweep.js';
import { TenantSweep } from '../workers/tenant-sweep.js';
import { anchoringProviders, measureAnchors } from './anchoring.js';
import { KafkaStarter } from './kafka-starter.js';
import { Lags } from './lags.js';
import { Metrics } from './metrics.js';
import { signingProviders } from './signing.js';
import { sweepProviders } from './sweeping.js';
import { ANCHORS, CLOCK, CONFIG, LOGGER } from './tokens.js';
import { Workers } from './workers.js';

const PROMOTION_SWEEP_MS = 2_000;
const READ_BACK_MS = 1_000;

const providers: readonly Provider[] = [
  ...sweepProviders,
  {
    provide: ProjectionRunner,
    inject: [
      Database,
      LedgerQueries,
      LedgerService,
      CLOCK,
      IdentityQueries,
      PromotionService,
      LOGGER,
    ],
    useFactory: (
      database: Database,
      queries: LedgerQueries,
      ledger: LedgerService,
      clock: Clock,
      identity: IdentityQueries,
      promotion: PromotionService,
      log: Logger,
    ) =>
      new ProjectionRunner({
        database,
        queries,
        ledger,
        clock,
        projectors: projectorsOf(promotion),
        tenants: () => tenantIds(identity),
        onFailure: ({ attempt, error, projector, tenantId }) => {
          log.error({ err: error, projector, tenantId, attempt }, 'a projector failed');
        },
      }),
  },
  ...signingProviders,
  ...anchoringProviders,
  {
    provide: Metrics,
    inject: [Database, LedgerService, PromotionService, ANCHORS, CLOCK],
    useFactory: (
      database: Database,
      ledger: LedgerService,
      promotion: PromotionService,
      anchors: Anchors,
      clock: Clock,
    ) => {
      const lags = new Lags(
        database,
        projectorsOf(promotion).map(({ name }) => name),
        clock,
      );
      const metrics = new Metrics(() => lags.read());
      metrics.follow(ledger);
      metrics.gauge(
        'countersign_append_queue_bytes',
        'Bytes of entries that wait to be written.',
        () => ledger.waitingBytes,
      );
      measureAnchors(metrics, { anchors, database, ledger, clock });
      return metrics;
    },
  },
  {
    provide: ReadBackWorker,
    inject: [Database, LedgerService, LedgerQueries, SourceService, CLOCK],
    useFactory: (
      database: Database,
      ledger: LedgerService,
      queries: LedgerQueries,
      sources: SourceService,
      clock: Clock,
    ) =>
      new ReadBackWorker({
        database,
        ledger,
        queries,
        clock,
        reader: new MlflowReader(database, sources, (baseUrl) => new MlflowRest({ baseUrl })),
      }),
  },
  {
    provide: KafkaStarter,
    inject: [CONFIG, LOGGER, Database, CLOCK, SourceService, IngestService, IdentityQueries],
    useFactory: (...given: ConstructorParameters<typeof KafkaStarter>) =>
      new KafkaStarter(...given),
  },
  {
    provide: Workers,
    inject: [
      Database,
      LedgerService,
      SourceService,
      ProjectionRunner,
      CheckpointSigner,
      HeadsSequencer,
      AnchorWorker,
      FreezeWatch,
      ReadBackWorker,
      PromotionService,
      IdentityQueries,
      KafkaStarter,
      LedgerSweep,
      LOGGER,
    ],
    useFactory: (
      database: Database,
      ledger: LedgerService,
      sources: SourceService,
      runner: ProjectionRunner,
      signer: CheckpointSigner,
      heads: HeadsSequencer,
      anchors: AnchorWorker,
      watch: FreezeWatch,
      readBack: ReadBackWorker,
      promotion: PromotionService,
      identity: IdentityQueries,
      kafka: KafkaStarter,
      nightly: LedgerSweep,
      log: Logger,
    ) => {
      const sweep = (
        name: string,
        everyMs: number,
        work: (tenantId: TenantId) => Promise<unknown>,
      ): TenantSweep =>
        new TenantSweep({
          name,
          everyMs,
          work,
          tenants: () => tenantIds(identity),
          onFailure: ({ error, tenantId }) => {
            log.error({ err: error, sweep: name, tenantId }, 'background work failed');
          },
        });
      return new Workers({
        database,
        ledger,
        sources,
        runner,
        signer,
        heads,
        anchors,
        watch,
        kafka,
        sweeps: [
          nightly,
          sweep('read-back', READ_BACK_MS, (tenantId) => readBack.runOnce(tenantId)),
          sweep('promotion', PROMOTION_SWEEP_MS, async (tenantId) => {
            await promotion.resumeExecutions(tenantId);
            await promotion.expireDue(tenantId);
          }),
        ],
      });
    },
  },
];

/** What a process does besides answering, and the figures about it. */
@Module({})
export class WorkersModule {
  static forRoot(rooms: DynamicModule): DynamicModule {
    return {
      module: WorkersModule,
      imports: [rooms],
      providers: [...providers],
      exports: [...providers],
    };
  }
}

/** In the order of their dependence. */
function projectorsOf(promotion: PromotionService): Projector[] {
  return [registryProjector, readBackPlanner, lineageProjector, promotionObserver(promotion)];
}

function tenantIds(identity: IdentityQueries): Promise<TenantId[]> {
  return identity.tenants().then((tenants) => tenants.map((tenant) => tenant.id));
}
