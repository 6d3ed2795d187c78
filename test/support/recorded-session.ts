import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface RecordedEntry {
  readonly file: string;
  readonly kind: 'mlflow' | 'openlineage';
  readonly deliveryId?: string;
  readonly headers: readonly (readonly [string, string])[];
}

interface SessionIndex {
  readonly markers: readonly { readonly name: string; readonly before: string }[];
  readonly entries: readonly RecordedEntry[];
}

export interface Doors {
  readonly webhookUrl: string;
  readonly secret: string;
  readonly lineageUrl: string;
  readonly lineageToken: string;
}

/** What a door answered to one recorded request. */
export interface DoorAnswer {
  readonly status: number;
  readonly body: {
    readonly sequence?: string;
    readonly duplicate?: boolean;
    readonly quarantined?: string;
  };
}

/** A recorded session, played through the real doors: bytes as recorded, deliveries signed anew for the present. */
export class RecordedSession {
  readonly #folder: string;
  readonly #index: SessionIndex;
  #next = 0;

  constructor(name: string) {
    this.#folder = join(process.cwd(), 'test', 'fixtures', name);
    this.#index = JSON.parse(
      readFileSync(join(this.#folder, 'index.json'), 'utf8'),
    ) as SessionIndex;
  }

  get folder(): string {
    return this.#folder;
  }

  /** Sends what comes before the marker, or the rest; answers in order. */
  async playUpTo(marker: string | null, doors: Doors): Promise<DoorAnswer[]> {
    const stop = this.#index.markers.find(({ name }) => name === marker)?.before ?? null;
    if (marker !== null && stop === null) throw new Error(`no marker ${marker}`);
    const answers: DoorAnswer[] = [];
    for (let entry = this.#at(); entry !== undefined && entry.file !== stop; entry = this.#at()) {
      answers.push(await this.#send(entry, doors));
      this.#next += 1;
    }
    return answers;
  }

  #at(): RecordedEntry | undefined {
    return this.#index.entries[this.#next];
  }

  async #send(entry: RecordedEntry, doors: Doors): Promise<DoorAnswer> {
    const body = readFileSync(join(this.#folder, entry.file));
    const response = await (entry.kind === 'mlflow'
      ? deliver(doors, entry.deliveryId ?? '', body)
      : fetch(doors.lineageUrl, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${doors.lineageToken}`,
          },
          body,
        }));
    return { status: response.status, body: (await response.json()) as DoorAnswer['body'] };
  }
}

/** Sends a delivery as MLflow signs it. */
export function deliver(
  { secret, webhookUrl }: Pick<Doors, 'secret' | 'webhookUrl'>,
  deliveryId: string,
  body: Uint8Array | string,
): Promise<Response> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', secret)
    .update(`${deliveryId}.${timestamp}.`)
    .update(body)
    .digest('base64');
  return fetch(webhookUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-mlflow-delivery-id': deliveryId,
      'x-mlflow-timestamp': timestamp,
      'x-mlflow-signature': `v1,${signature}`,
    },
    body,
  });
}
