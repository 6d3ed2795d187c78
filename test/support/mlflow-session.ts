import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A recorded webhook delivery. */
export interface RecordedDelivery {
  readonly id: string;
  readonly kind: string;
  /** Made by MLflow's test button. */
  readonly test: boolean;
  readonly deliveryId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly sentAt: Date;
}

const FOLDER = join(process.cwd(), 'test', 'fixtures', 'mlflow-session');

interface Index {
  readonly secret: string;
  readonly deliveries: readonly {
    readonly id: string;
    readonly kind: string;
    readonly test: boolean;
    readonly delivery_id: string;
    readonly timestamp: string;
  }[];
}

/** The recorded session of an MLflow 3.17.2 server: 51 deliveries, all 15 kinds. */
export function mlflowSession(): { secret: string; deliveries: RecordedDelivery[] } {
  const index = JSON.parse(readFileSync(join(FOLDER, 'index.json'), 'utf8')) as Index;
  const deliveries = index.deliveries.map((delivery) => {
    const recorded = JSON.parse(
      readFileSync(join(FOLDER, `${delivery.id}.headers.json`), 'utf8'),
    ) as { headers: [string, string][] };
    return {
      id: delivery.id,
      kind: delivery.kind,
      test: delivery.test,
      deliveryId: delivery.delivery_id,
      headers: Object.fromEntries(
        recorded.headers.map(([name, value]) => [name.toLowerCase(), value]),
      ),
      body: readFileSync(join(FOLDER, `${delivery.id}.body`)),
      sentAt: new Date(Number(delivery.timestamp) * 1000),
    };
  });
  return { secret: index.secret, deliveries };
}

/** Headers of a delivery as MLflow signs it. */
export function signedHeaders(
  secret: string,
  body: Uint8Array | string,
  deliveryId: string,
  at: Date,
): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const mac = createHmac('sha256', secret).update(`${deliveryId}.${timestamp}.`).update(body);
  return {
    'content-type': 'application/json',
    'x-mlflow-delivery-id': deliveryId,
    'x-mlflow-timestamp': timestamp,
    'x-mlflow-signature': `v1,${mac.digest('base64')}`,
  };
}
