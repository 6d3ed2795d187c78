import { noteText } from '@countersign/chain';
import type { Database } from '@countersign/database';
import { isAppError, type Clock } from '@countersign/kernel';
import { HeadsQueries, type HeadsCheckpointRecord } from '@countersign/ledger';
import { copyFolder, copyName } from '../copies/copy-name.js';
import type { WriteOnceStore } from '../copies/write-once-store.js';
import type { StoreCheck } from '../outside/store-check.js';
import type { Anchored, AnchorTarget } from './anchor-target.js';

/** Copies stay for ever, so not each of them is worth one. */
const EVERY_MS = 60_000;

export interface CopyTargetOptions {
  readonly store: WriteOnceStore;
  readonly database: Pick<Database, 'global'>;
  readonly check: StoreCheck;
  readonly clock: Clock;
  /** Default one minute. */
  readonly everyMs?: number;
}

/** A write-once store: looked at before each copy, since what it holds must be in the database. */
export class CopyTarget implements AnchorTarget {
  readonly kind = 'copy';
  readonly shows = 'signed';
  readonly who: string;
  readonly everyMs: number;
  readonly #heads = new HeadsQueries();

  constructor(private readonly options: CopyTargetOptions) {
    this.who = options.store.name;
    this.everyMs = options.everyMs ?? EVERY_MS;
  }

  async anchor({ note, origin, size }: HeadsCheckpointRecord): Promise<Anchored> {
    const { check, clock, database, store } = this.options;
    const name = copyName(origin, size);
    const log = await database.global((db) => this.#heads.current(db));
    try {
      const newest = await store.newest(copyFolder(origin));
      if (newest !== null) {
        const kept = newest.bytes.toString('utf8');
        const verdict = await check.judge(log, store.name, kept);
        if (typeof verdict === 'string') return { kind: 'failed', detail: verdict };
        if (verdict !== null) return { kind: 'contradicted', contradiction: verdict };
        if (newest.name === name && noteText(kept) === noteText(note)) {
          return { kind: 'anchored', evidence: Buffer.from(name), at: clock.now() };
        }
      }
      const put = await store.put(name, Buffer.from(note, 'utf8'));
      return put === 'exists-other'
        ? { kind: 'failed', detail: `${name} was written by another replica at the same moment` }
        : { kind: 'anchored', evidence: Buffer.from(name), at: clock.now() };
    } catch (error) {
      if (!isAppError(error, 'COPY_FAILED')) throw error;
      return { kind: 'failed', detail: error.publicMessage };
    }
  }
}
