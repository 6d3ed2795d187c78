import type { Config } from '@countersign/config';
import { Database } from '@countersign/database';
import type { Clock } from '@countersign/kernel';
import { LedgerService, SigningKeys } from '@countersign/ledger';
import { Vault } from '@countersign/vault';
import type { Provider } from '@nestjs/common';
import type { Logger } from 'pino';
import { LedgerSweep } from '../workers/ledger-sweep.js';
import { Metrics } from './metrics.js';
import { CLOCK, CONFIG, LOGGER } from './tokens.js';

/** The nightly verification of all ledgers, with its figures. */
export const sweepProviders: readonly Provider[] = [
  {
    provide: LedgerSweep,
    inject: [Database, LedgerService, Vault, SigningKeys, CLOCK, CONFIG, Metrics, LOGGER],
    useFactory: (
      database: Database,
      ledger: LedgerService,
      vault: Vault,
      keys: SigningKeys,
      clock: Clock,
      config: Config,
      metrics: Metrics,
      log: Logger,
    ) => {
      let faults = 0;
      let verified = 0;
      metrics.gauge(
        'countersign_ledger_faults',
        'Ledgers that a nightly verification of this process found changed or gone. Page on more than 0.',
        () => faults,
      );
      metrics.gauge(
        'countersign_ledger_verified_timestamp_seconds',
        'When this process last found a ledger whole; 0 when it never did.',
        () => verified,
      );
      return new LedgerSweep({
        ...{ database, ledger, vault, keys, clock },
        atMinute: config.ledgerSweepMinute,
        onOutcome: (outcome) => {
          if (outcome.ok) {
            verified = clock.now().getTime() / 1000;
            log.info({ tenantId: outcome.tenantId, size: outcome.size }, 'a ledger was verified');
            return;
          }
          faults++;
          const { fault, origin, tenantId } = outcome;
          log.error({ tenantId, origin, ...fault }, 'a ledger was changed behind the service');
        },
        onFailure: (error) => {
          log.error({ err: error }, 'the nightly verification could not be finished');
        },
      });
    },
  },
];
