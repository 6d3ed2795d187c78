import { join } from 'node:path';
import type { Config } from '@countersign/config';
import { Database } from '@countersign/database';
import type { Clock } from '@countersign/kernel';
import { CheckpointSigner, HeadsQueries, HeadsSequencer, SigningKeys } from '@countersign/ledger';
import type { Provider } from '@nestjs/common';
import type { Logger } from 'pino';
import { CLOCK, CONFIG, LOGGER } from './tokens.js';

/** Who signs: the checkpoints of tenants' ledgers and the log of heads, with one set of keys. */
export const signingProviders: readonly Provider[] = [
  {
    provide: SigningKeys,
    inject: [CONFIG],
    useFactory: (config: Config) =>
      SigningKeys.open(config.signingKeyFile ?? join(config.dataDir, 'keys', 'checkpoint.key')),
  },
  {
    provide: CheckpointSigner,
    inject: [Database, CLOCK, SigningKeys, LOGGER],
    useFactory: (database: Database, clock: Clock, keys: SigningKeys, log: Logger) =>
      new CheckpointSigner({
        database,
        clock,
        keys,
        onFailure: ({ error, tenantId }) => {
          log.error({ err: error, tenantId }, 'a checkpoint could not be signed');
        },
      }),
  },
  { provide: HeadsQueries, useFactory: () => new HeadsQueries() },
  {
    provide: HeadsSequencer,
    inject: [Database, CLOCK, SigningKeys, CONFIG, LOGGER],
    useFactory: (
      database: Database,
      clock: Clock,
      keys: SigningKeys,
      config: Config,
      log: Logger,
    ) =>
      new HeadsSequencer({
        database,
        clock,
        keys,
        logName: config.logName,
        publishAtOnce: config.anchors.witnessPolicyFile === null,
        onFailure: (error) => {
          log.error({ err: error }, 'the log of heads could not be written');
        },
      }),
  },
];
