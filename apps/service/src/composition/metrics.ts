import type { TenantId } from '@countersign/kernel';
import type { LedgerService } from '@countersign/ledger';
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Tenants whose last size is remembered to count appends. */
const TENANTS_MAX = 10_000;

/** How far the background work of a process is behind, summed over tenants. */
export interface Lag {
  /** Entries that each projector has not seen yet, by its name. */
  readonly projectors: ReadonlyMap<string, number>;
  /** Entries that no checkpoint covers yet. */
  readonly checkpoint: number;
  /** Age of the oldest of them, over all tenants. */
  readonly checkpointSeconds: number;
  /** Age of the oldest checkpoint or opening of a ledger that is not in the log of heads. */
  readonly headsSeconds: number;
}

/** Figures of one process in Prometheus' text format. No tenant, person or model is named. */
export class Metrics {
  readonly registry = new Registry();
  readonly #appended: Counter;
  readonly #answers: Histogram;
  readonly #sizes = new Map<TenantId, bigint>();

  constructor(lag: () => Promise<Lag>) {
    collectDefaultMetrics({ register: this.registry });
    const registers = [this.registry];
    this.#appended = new Counter({
      name: 'countersign_entries_appended_total',
      help: 'Entries that this process appended.',
      registers,
    });
    this.#answers = new Histogram({
      name: 'countersign_http_answer_seconds',
      help: 'Answers by route and status.',
      labelNames: ['method', 'route', 'status'],
      buckets: SECONDS,
      registers,
    });
    const checkpointLag = new Gauge({
      name: 'countersign_checkpoint_lag_entries',
      help: 'Entries that no checkpoint covers yet, over all tenants.',
      registers,
    });
    const checkpointAge = new Gauge({
      name: 'countersign_checkpoint_lag_seconds',
      help: 'Age of the oldest entry that no checkpoint covers yet, over all tenants.',
      registers,
    });
    const headsAge = new Gauge({
      name: 'countersign_heads_lag_seconds',
      help: 'Age of the oldest checkpoint of a ledger that is not in the log of heads yet.',
      registers,
    });
    new Gauge({
      name: 'countersign_projector_lag_entries',
      help: 'Entries that a projector has not seen yet, over all tenants.',
      labelNames: ['projector'],
      registers,
      collect(): Promise<void> {
        return lag().then(({ projectors, checkpoint, checkpointSeconds, headsSeconds }) => {
          for (const [projector, entries] of projectors) this.set({ projector }, entries);
          checkpointLag.set(checkpoint);
          checkpointAge.set(checkpointSeconds);
          headsAge.set(headsSeconds);
        });
      },
    });
  }

  /** Counts what this process appends; returns the function that stops it. */
  follow(ledger: Pick<LedgerService, 'onAppended'>): () => void {
    return ledger.onAppended((tenantId, size) => {
      const before = this.#sizes.get(tenantId) ?? size - 1n;
      if (size <= before) return;
      if (this.#sizes.size >= TENANTS_MAX) this.#sizes.clear();
      this.#sizes.set(tenantId, size);
      this.#appended.inc(Number(size - before));
    });
  }

  /** A figure that is read when it is asked for, such as the depth of a queue. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** The same for one figure of several things. */
  gauges<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    read: () => Promise<readonly { labels: Record<Label, string>; value: number }[]>,
  ): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      async collect(): Promise<void> {
        for (const { labels, value } of await read()) this.set(labels, value);
      },
    });
  }

  /** Times every answer of the server. Routes are counted by pattern, never by address. */
  time(server: FastifyInstance): void {
    server.addHook('onResponse', (request, reply, done) => {
      this.#answers.observe(
        {
          method: request.method,
          route: request.routeOptions.url ?? 'unknown',
          status: reply.statusCode,
        },
        reply.elapsedTime / 1000,
      );
      done();
    });
  }
}
