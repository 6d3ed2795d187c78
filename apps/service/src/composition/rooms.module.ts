import type { Config } from '@countersign/config';
import type { Clock } from '@countersign/kernel';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import type { Logger } from 'pino';
import { roomProviders } from './rooms.js';
import { CLOCK, CONFIG, LOGGER, STOPPING } from './tokens.js';
import { workflowProviders } from './workflow.js';

/** What a process is given from outside. */
export interface Surroundings {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly stopping: AbortSignal;
}

/** Every room of the libs as a provider, under its class. */
@Module({})
export class RoomsModule {
  static forRoot(given: Surroundings): DynamicModule {
    const providers: Provider[] = [
      { provide: CONFIG, useValue: given.config },
      { provide: CLOCK, useValue: given.clock },
      { provide: LOGGER, useValue: given.log },
      { provide: STOPPING, useValue: given.stopping },
      ...roomProviders,
      ...workflowProviders,
    ];
    return { module: RoomsModule, providers, exports: providers };
  }
}
