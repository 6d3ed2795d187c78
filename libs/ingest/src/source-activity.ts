import type { Database } from '@countersign/database';
import type { Clock } from '@countersign/kernel';
import { sourceHealth, type Refusals } from './source-health.js';
import type { Source } from './source.js';

/** A source's row is written at most this often, however many deliveries arrive. */
const NOTE_INTERVAL_MS = 5_000;
const SOURCES_MAX = 10_000;

/** When each source last delivered, and what was refused. Best effort: no delivery waits for it or fails by it. */
export class SourceActivity {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #noted = new Map<string, number>();
  readonly #refusals = new Map<string, Refusals>();
  readonly #writing = new Set<Promise<void>>();

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Notes a delivery that was kept. Returns at once. */
  delivered(source: Pick<Source, 'tenantId' | 'id'>): void {
    const now = this.#clock.now();
    const before = this.#noted.get(source.id);
    if (before !== undefined && now.getTime() - before < NOTE_INTERVAL_MS) return;
    if (this.#noted.size >= SOURCES_MAX) this.#noted.clear();
    this.#noted.set(source.id, now.getTime());
    const writing = this.#write(source, now).catch(() => {
      this.#noted.delete(source.id); // the next delivery notes it
    });
    this.#writing.add(writing);
    void writing.finally(() => this.#writing.delete(writing));
  }

  /** Counts a delivery that was not authentic. Only known sources are counted, so strangers cannot fill the map. */
  refused(sourceId: string, code: string): void {
    const before = this.#refusals.get(sourceId);
    if (before === undefined && this.#refusals.size >= SOURCES_MAX) this.#refusals.clear();
    const count = (before?.count ?? 0) + 1;
    this.#refusals.set(sourceId, { count, lastCode: code, lastAt: this.#clock.now() });
  }

  /** One line on a source, as this process knows it. */
  health(source: Pick<Source, 'id' | 'lastDeliveryAt'>): string {
    return sourceHealth(source, this.#refusals.get(source.id), this.#clock.now());
  }

  async close(): Promise<void> {
    await Promise.all(this.#writing);
  }

  async #write(source: Pick<Source, 'tenantId' | 'id'>, at: Date): Promise<void> {
    await this.#database.sqlTransaction(source.tenantId, (tx) =>
      tx.query(
        `UPDATE source SET last_delivery_at = greatest(last_delivery_at, $3::timestamptz)
         WHERE tenant_id = $1::uuid AND id = $2::uuid`,
        [source.tenantId, source.id, at],
      ),
    );
  }
}
