import { join } from 'node:path';
import {
  anchorLags,
  anchorNames,
  AnchorWorker,
  CopyTarget,
  FreezeWatch,
  openAnchors,
  outsideSources,
  reachableWitnesses,
  StoreCheck,
  TimestampTarget,
  WitnessTarget,
  type Anchors,
} from '@countersign/anchor';
import type { Config } from '@countersign/config';
import { Database } from '@countersign/database';
import type { Clock } from '@countersign/kernel';
import { LedgerService, SigningKeys } from '@countersign/ledger';
import type { Provider } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Metrics } from './metrics.js';
import { ANCHORS, CLOCK, CONFIG, LOGGER } from './tokens.js';

/** What leaves the database, and what keeps a database that was rolled back from being written to. */
export const anchoringProviders: readonly Provider[] = [
  {
    provide: ANCHORS,
    inject: [CONFIG, CLOCK],
    useFactory: (config: Config, clock: Clock) =>
      openAnchors(config.anchors, join(config.dataDir, 'anchors', 'heads.checkpoint'), clock),
  },
  {
    provide: StoreCheck,
    inject: [Database, SigningKeys, ANCHORS],
    useFactory: (database: Database, keys: SigningKeys, anchors: Anchors) =>
      new StoreCheck({ database, keys, sources: outsideSources(anchors) }),
  },
  {
    provide: FreezeWatch,
    inject: [Database, LedgerService, CLOCK, StoreCheck, LOGGER],
    useFactory: (
      database: Database,
      ledger: LedgerService,
      clock: Clock,
      check: StoreCheck,
      log: Logger,
    ) =>
      new FreezeWatch({
        database,
        ledger,
        clock,
        check,
        onChecked: ({ answered, contradiction, unanswered }) => {
          if (contradiction !== null)
            log.fatal({ contradiction }, 'the store was rolled back or replaced');
          for (const { source, why } of unanswered) log.warn({ source, why }, 'not compared with');
          log.info({ answered }, 'store compared with what is known outside');
        },
        onFailure: (error) => {
          log.error({ err: error }, 'whether the installation is frozen could not be read');
        },
      }),
  },
  {
    provide: AnchorWorker,
    inject: [Database, LedgerService, CLOCK, StoreCheck, FreezeWatch, ANCHORS, LOGGER],
    useFactory: (
      database: Database,
      ledger: LedgerService,
      clock: Clock,
      check: StoreCheck,
      watch: FreezeWatch,
      anchors: Anchors,
      log: Logger,
    ) =>
      new AnchorWorker({
        database,
        clock,
        policy: anchors.witnesses?.policy ?? null,
        file: anchors.file,
        targets: [
          ...reachableWitnesses(anchors.witnesses).map(
            (witness) => new WitnessTarget({ witness, database, check }),
          ),
          ...(anchors.authority === null
            ? []
            : [new TimestampTarget({ authority: anchors.authority, database })]),
          ...anchors.stores.map((store) => new CopyTarget({ store, database, check, clock })),
        ],
        isReadOnly: () => ledger.readOnly !== null,
        onContradiction: async (contradiction) => {
          log.fatal({ contradiction }, 'the store was rolled back or replaced');
          await watch.freeze(contradiction);
        },
        onFailure: (failure) => {
          log.warn(failure, 'a checkpoint was not anchored');
        },
        onError: (error) => {
          log.error({ err: error }, 'anchoring failed');
        },
      }),
  },
];

/** Figures of the same: how far each of those outside is behind, and whether this process appends. */
export function measureAnchors(
  metrics: Metrics,
  given: { anchors: Anchors; database: Database; ledger: LedgerService; clock: Clock },
): void {
  const { anchors, clock, database, ledger } = given;
  metrics.gauge(
    'countersign_read_only',
    '1 while this process refuses to append, 0 otherwise.',
    () => (ledger.readOnly === null ? 0 : 1),
  );
  const names = anchorNames(anchors);
  metrics.gauges(
    'countersign_anchor_lag_seconds',
    'Age of the oldest checkpoint of the log of heads that somebody outside has not anchored.',
    ['kind', 'who'],
    async () => {
      const lags = await database.global((db) => anchorLags(db, names, clock.now()));
      return lags.map(({ kind, seconds, who }) => ({ labels: { kind, who }, value: seconds }));
    },
  );
}
