import type { AnchorWorker, FreezeWatch } from '@countersign/anchor';
import type { EventIntake, SourceService } from '@countersign/ingest';
import type {
  CheckpointSigner,
  HeadsSequencer,
  LedgerService,
  ProjectionRunner,
} from '@countersign/ledger';
import type { Database } from '@countersign/database';
import type { TenantSweep } from '../workers/tenant-sweep.js';
import type { KafkaStarter } from './kafka-starter.js';

export interface WorkersDeps {
  readonly database: Database;
  readonly ledger: LedgerService;
  readonly sources: SourceService;
  readonly runner: ProjectionRunner;
  readonly signer: CheckpointSigner;
  readonly heads: HeadsSequencer;
  readonly anchors: AnchorWorker;
  readonly watch: FreezeWatch;
  readonly sweeps: readonly Pick<TenantSweep, 'start' | 'stop'>[];
  readonly kafka: KafkaStarter;
}

/** What a process does besides answering. */
export class Workers {
  #intake: EventIntake | null = null;

  constructor(private readonly deps: WorkersDeps) {}

  get runner(): ProjectionRunner {
    return this.deps.runner;
  }

  get signer(): CheckpointSigner {
    return this.deps.signer;
  }

  get heads(): HeadsSequencer {
    return this.deps.heads;
  }

  /** `onFatal` is told when a part ended that cannot be started again within this process. */
  async start(onFatal: (error: unknown) => void): Promise<void> {
    const { anchors, heads, kafka, runner, signer, sweeps, watch } = this.deps;
    runner.start();
    signer.start();
    heads.start();
    anchors.start();
    watch.onChange((writable) => {
      // A store that contradicts what is known outside must not be signed any further.
      for (const part of [signer, heads, anchors]) {
        if (writable) part.start();
        else void part.stop();
      }
    });
    for (const sweep of sweeps) sweep.start();
    this.#intake = await kafka.start(onFatal);
  }

  /** Intake first, then what follows it, then appends that wait, then connections. */
  async stop(): Promise<void> {
    const { anchors, database, heads, ledger, runner, signer, sources, sweeps, watch } = this.deps;
    await watch.stop();
    await this.#intake?.stop();
    await Promise.all(sweeps.map((sweep) => sweep.stop()));
    await runner.stop();
    await sources.close();
    await ledger.close();
    await signer.stop();
    await heads.stop();
    await anchors.stop();
    await database.close();
  }
}
