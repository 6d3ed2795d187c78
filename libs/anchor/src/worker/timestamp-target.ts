import type { Database } from '@countersign/database';
import type { HeadsCheckpointRecord } from '@countersign/ledger';
import { requestTimestamp, type TimestampAuthority } from '../timestamp/timestamp-client.js';
import { signedNote } from './anchor-rows.js';
import type { Anchored, AnchorTarget } from './anchor-target.js';

/** RFC 3161 tokens are large and authorities charge for them: one in so many milliseconds is enough. */
const EVERY_MS = 300_000;

export interface TimestampTargetOptions {
  readonly authority: TimestampAuthority;
  readonly database: Pick<Database, 'global'>;
  /** Default 5 minutes. */
  readonly everyMs?: number;
  readonly timeoutMs?: number;
}

/** A time-stamping authority: stamps the note as the log signed it. The whole answer is kept, as `openssl ts` reads it. */
export class TimestampTarget implements AnchorTarget {
  readonly kind = 'timestamp';
  readonly shows = 'published';
  readonly who: string;
  readonly everyMs: number;

  constructor(private readonly options: TimestampTargetOptions) {
    this.who = new URL(options.authority.url).hostname;
    this.everyMs = options.everyMs ?? EVERY_MS;
  }

  async anchor({ logId, size }: HeadsCheckpointRecord): Promise<Anchored> {
    const { authority, database, timeoutMs } = this.options;
    const note = await database.global((db) => signedNote(db, logId, size));
    if (note === null) return { kind: 'failed', detail: 'the checkpoint is gone' };
    const stamping = await requestTimestamp(authority, Buffer.from(note, 'utf8'), timeoutMs);
    return stamping.ok
      ? { kind: 'anchored', evidence: stamping.token, at: stamping.at }
      : { kind: 'failed', detail: stamping.detail };
  }
}
