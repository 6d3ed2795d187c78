import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Unauthentic, UnauthenticCode } from '../../outcome.js';
import type { SourceSecret } from '../../source.js';

/** A sender's clock may differ from ours by this much. MLflow keeps one time stamp over its retries (about 8 s). */
export const TIMESTAMP_TOLERANCE_SECONDS = 300;

/** Lower-case names, as Node gives them. */
export type DeliveryHeaders = Readonly<Record<string, string | string[] | undefined>>;

export type AuthenticityCheck =
  | { readonly ok: true; readonly deliveryId: string }
  | { readonly ok: false; readonly refusal: Unauthentic };

// MLflow sends a UUID. The narrow alphabet keeps ids apart from keys of our own, which hold `#`, `:` or `/`.
const DELIVERY_ID = /^[A-Za-z0-9._-]{1,128}$/;
const TIMESTAMP = /^\d{1,12}$/;
const SIGNATURE = /^v1,([A-Za-z0-9+/]{43}=)$/;

/**
 * Checks an MLflow webhook's signature: `v1,` + base64 of HMAC-SHA256 over `<delivery id>.<timestamp>.<body>`, keyed
 * with the secret's raw bytes. Over the bytes as received: JSON written again differs in spaces and escapes. Every
 * live secret counts, so that one can replace another. Constant time per secret. The age is judged last, so that only
 * a sender who knows the secret learns that its clock is off.
 */
export function checkMlflowSignature(
  headers: DeliveryHeaders,
  body: Uint8Array,
  secrets: readonly SourceSecret[],
  now: Date,
): AuthenticityCheck {
  const deliveryId = headers['x-mlflow-delivery-id'];
  const timestamp = headers['x-mlflow-timestamp'];
  const signature = headers['x-mlflow-signature'];
  if (deliveryId === undefined || timestamp === undefined || signature === undefined) {
    return refuse('SIGNATURE_MISSING');
  }
  const given = typeof signature === 'string' ? SIGNATURE.exec(signature)?.[1] : undefined;
  const wellFormed =
    typeof deliveryId === 'string' &&
    DELIVERY_ID.test(deliveryId) &&
    typeof timestamp === 'string' &&
    TIMESTAMP.test(timestamp);
  if (given === undefined || !wellFormed) return refuse('SIGNATURE_MALFORMED');

  const live = secrets.filter(({ retiredAt }) => retiredAt === null || retiredAt > now);
  if (live.length === 0) return refuse('NO_LIVE_SECRET');
  const mac = Buffer.from(given, 'base64');
  const signed = Buffer.from(`${deliveryId}.${timestamp}.`, 'latin1');
  let authentic = false;
  for (const { key } of live) {
    const expected = createHmac('sha256', key).update(signed).update(body).digest();
    authentic = timingSafeEqual(expected, mac) || authentic;
  }
  if (!authentic) return refuse('SIGNATURE_INVALID');

  const ageSeconds = Math.abs(now.getTime() / 1000 - Number(timestamp));
  if (ageSeconds > TIMESTAMP_TOLERANCE_SECONDS) return refuse('TIMESTAMP_STALE');
  return { ok: true, deliveryId };
}

const REFUSALS: Record<UnauthenticCode, { readonly message: string; readonly hint: string }> = {
  SIGNATURE_MISSING: {
    message: 'The delivery is not signed.',
    hint: 'Give the webhook a secret, so that MLflow sends X-MLflow-Delivery-Id, X-MLflow-Timestamp and X-MLflow-Signature.',
  },
  SIGNATURE_MALFORMED: {
    message: 'A signature header is malformed.',
    hint: 'Expected X-MLflow-Signature: v1,<base64>, X-MLflow-Timestamp in Unix seconds and a delivery id of up to 128 letters, digits, dots or dashes.',
  },
  SIGNATURE_INVALID: {
    message: 'The signature does not belong to these bytes.',
    hint: 'Check that webhook and source have the same secret, and that no proxy rewrites the body. MLflow keeps an old secret for up to a minute.',
  },
  TIMESTAMP_STALE: {
    message: `The delivery was signed more than ${TIMESTAMP_TOLERANCE_SECONDS} seconds away from now.`,
    hint: 'Compare the clocks of the MLflow server and of this service.',
  },
  NO_LIVE_SECRET: {
    message: 'The source has no live secret to check signatures with.',
    hint: 'Rotate the secret of the source and give the new one to the webhook.',
  },
};

function refuse(code: UnauthenticCode): AuthenticityCheck {
  return { ok: false, refusal: { kind: 'unauthentic', code, ...REFUSALS[code] } };
}
