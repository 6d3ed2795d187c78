import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { signedHeaders } from '../../support/mlflow-session.js';
import { until } from './until.js';

interface Door {
  readonly webhookUrl: string;
  readonly secret: string;
}

interface Receipt {
  readonly sequence: string;
  readonly duplicate: boolean;
}

/** A delivery that a sender means to get across. */
export interface Sent {
  readonly deliveryId: string;
  readonly body: string;
}

/**
 * Senders that behave as MLflow does: a delivery that was not acknowledged is sent again, with the same delivery id and
 * body, until it is.
 */
export class WebhookLoad {
  readonly deliveries: readonly Sent[];
  /** First sequence that a delivery was acknowledged with. */
  readonly acknowledged = new Map<string, string>();
  /** Every status that came back. */
  readonly statuses = new Map<number, number>();
  /** Deliveries that broke off without an answer. */
  broken = 0;
  #givenUp = false;

  constructor(
    private readonly door: Door,
    total: number,
  ) {
    this.deliveries = Array.from({ length: total }, (_, index) => delivery(index));
  }

  /** Resolves when everything was acknowledged; throws on an answer that no sender may get. */
  async run(senders: number): Promise<void> {
    const queue = this.deliveries.values();
    const sender = async (): Promise<void> => {
      for (const one of queue) await this.#deliver(one);
    };
    await Promise.all(Array.from({ length: senders }, sender));
  }

  /** Ends `run` early, for a test that failed. */
  giveUp(): void {
    this.#givenUp = true;
  }

  /** Resolves as soon as so many deliveries are acknowledged. */
  async reached(count: number): Promise<void> {
    const enough = (size: number): boolean => size >= count;
    const options = { everyMs: 2, timeoutMs: 120_000 };
    await until(`${count} acknowledged deliveries`, () => this.acknowledged.size, enough, options);
  }

  /** Resolves when deliveries are being answered 503: they cannot be recorded, and the senders are told so. */
  async refused(): Promise<void> {
    const before = this.statuses.get(503) ?? 0;
    const more = (count: number): boolean => count > before;
    await until('an answer of 503', () => this.statuses.get(503) ?? 0, more);
  }

  /** Sends one delivery once. Null: no acknowledgement, and none is owed. */
  async send(one: Sent): Promise<Receipt | null> {
    const response = await this.post(one);
    const text = await response.text();
    this.statuses.set(response.status, (this.statuses.get(response.status) ?? 0) + 1);
    if (response.status === 202) return JSON.parse(text) as Receipt;
    if (response.status === 429 || response.status === 503) return null;
    throw new UnexpectedAnswer(`${response.status} ${text}`);
  }

  /** The same, with whatever is answered. */
  async post({ deliveryId, body }: Sent): Promise<Response> {
    const { secret, webhookUrl } = this.door;
    const headers = signedHeaders(secret, body, deliveryId, new Date());
    return fetch(webhookUrl, { method: 'POST', body, headers });
  }

  async #deliver(one: Sent): Promise<void> {
    while (!this.#givenUp) {
      try {
        const receipt = await this.send(one);
        if (receipt !== null) {
          this.acknowledged.set(one.deliveryId, receipt.sequence);
          return;
        }
      } catch (error) {
        if (error instanceof UnexpectedAnswer) throw error;
        this.broken += 1;
      }
      await sleep(50);
    }
  }
}

class UnexpectedAnswer extends Error {}

function delivery(index: number): Sent {
  const event = {
    entity: 'model_version_tag',
    action: 'set',
    timestamp: new Date().toISOString(),
    data: {
      name: `load-${index % 20}`,
      version: '1',
      key: `tag-${index}`,
      value: `value ${index}`,
    },
  };
  return { deliveryId: randomUUID(), body: JSON.stringify(event) };
}
