import type { Database } from '@countersign/database';
import { HeadsQueries, type HeadsCheckpointRecord } from '@countersign/ledger';
import type { Contradiction, StoreCheck } from '../outside/store-check.js';
import { addCheckpoint, monitoredCheckpoint, type Address } from '../witnesses/witness-client.js';
import { newestAnchor } from './anchor-rows.js';
import type { Anchored, AnchorTarget } from './anchor-target.js';

export interface WitnessTargetOptions {
  readonly witness: Address;
  readonly database: Pick<Database, 'global'>;
  readonly check: StoreCheck;
  readonly timeoutMs?: number;
  /** Replaced by tests only. */
  readonly addCheckpoint?: typeof addCheckpoint;
}

/** What it cosigned last is told at most twice per checkpoint. */
const ATTEMPTS = 3;

/** A witness: shown a checkpoint with the proof that it contains what the witness cosigned last. */
export class WitnessTarget implements AnchorTarget {
  readonly kind = 'witness';
  readonly shows = 'signed';
  readonly everyMs = 0;
  readonly who: string;
  readonly #heads = new HeadsQueries();

  constructor(private readonly options: WitnessTargetOptions) {
    this.who = options.witness.name;
  }

  async anchor(checkpoint: HeadsCheckpointRecord): Promise<Anchored> {
    const { database, timeoutMs, witness } = this.options;
    const ask = this.options.addCheckpoint ?? addCheckpoint;
    const last = await database.global((db) => newestAnchor(db, checkpoint.logId, this));
    let oldSize = last?.size ?? 0n;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const from = oldSize;
      const proof = await database.global((db) =>
        this.#heads.consistencyProof(db, from, checkpoint.size),
      );
      const said = await ask(
        witness,
        { oldSize: from, proof, checkpoint: checkpoint.note },
        timeoutMs,
      );
      switch (said.kind) {
        case 'cosigned':
          return { kind: 'anchored', evidence: Buffer.from(said.line, 'utf8'), at: said.at };
        case 'conflict':
          if (said.size > checkpoint.size) return this.#ahead(checkpoint, said.size);
          if (said.size === from) return failed('names the size that it was given as a conflict');
          oldSize = said.size;
          break;
        case 'inconsistent':
          return this.#inconsistent(said.detail);
        case 'refused':
        case 'unreachable':
          return failed(said.detail);
      }
    }
    return failed('keeps naming other sizes');
  }

  /** It cosigned more than we showed: another replica was faster, or our store lost what it had. */
  async #ahead(checkpoint: HeadsCheckpointRecord, size: bigint): Promise<Anchored> {
    const stored = await this.options.database.global((db) => this.#heads.size(db));
    if (size <= stored) return failed('was shown a newer checkpoint by another replica');
    const shown = await this.#judged();
    if (shown !== null) return { kind: 'contradicted', contradiction: shown };
    // A number alone is not signed, but to go on would be worse than to stop.
    const source = `witness ${this.who}`;
    return {
      kind: 'contradicted',
      contradiction: {
        code: 'STORE_BEHIND',
        reason: `the ${source} outside cosigned size ${size}, the database holds ${stored}: it was rolled back`,
        origin: checkpoint.origin,
        source,
        outsideSize: size,
        outsideNote: null,
        storeSize: stored,
      },
    };
  }

  /** Either it is at fault, or it holds another history, which its signed checkpoint shows. */
  async #inconsistent(detail: string): Promise<Anchored> {
    const shown = await this.#judged();
    if (shown !== null) return { kind: 'contradicted', contradiction: shown };
    return failed(`does not accept the proof, and shows nothing that contradicts us (${detail})`);
  }

  /** What its monitor endpoint proves against our store. */
  async #judged(): Promise<Contradiction | null> {
    const { check, database, timeoutMs, witness } = this.options;
    const log = await database.global((db) => this.#heads.current(db));
    if (log === null) return null;
    const kept = await monitoredCheckpoint(witness, log.origin, timeoutMs);
    if (!kept.reached || kept.note === null) return null;
    const verdict = await check.judge(log, `witness ${this.who}`, kept.note);
    return typeof verdict === 'string' ? null : verdict;
  }
}

function failed(detail: string): Anchored {
  return { kind: 'failed', detail };
}
