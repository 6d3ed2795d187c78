import { createHmac } from 'node:crypto';
import type { SourceSecret } from '../../source.js';
import { checkMlflowSignature, type DeliveryHeaders } from './signature.js';

const secret = (text: string, retiredAt: Date | null = null): SourceSecret => ({
  key: Buffer.from(text, 'utf8'),
  retiredAt,
});

/** Known answer of the sender's own code: facts of MLflow, checked in Python and in Node. */
const VECTOR = {
  secret: 'test-secret-key',
  headers: {
    'x-mlflow-delivery-id': '3f0f2c1e-8c0a-4b5e-9a2b-0d7a6a1c9e10',
    'x-mlflow-timestamp': '1753950452',
    'x-mlflow-signature': 'v1,fFSDZonjZZzihbiNPuhUIZJ48WRTnVVC1Q+/PZh2zMM=',
  },
  body: Buffer.from(
    '{"entity": "model_version", "action": "created", "timestamp": "2025-07-31T08:27:32.080217+00:00", "data": {"name": "caf\\u00e9_model", "version": "1", "source": "models:/123", "run_id": null, "tags": {"k": "v"}, "description": null}}',
  ),
  at: new Date(1753950452_000),
};
const later = (seconds: number): Date => new Date(VECTOR.at.getTime() + seconds * 1000);

type Check = typeof checkMlflowSignature;
const code = (
  headers: DeliveryHeaders,
  secrets: readonly SourceSecret[],
  now: Date,
  body: Uint8Array = VECTOR.body,
  check: Check = checkMlflowSignature,
): string => {
  const result = check(headers, body, secrets, now);
  return result.ok ? 'OK' : result.refusal.code;
};

describe('checkMlflowSignature', () => {
  const right = [secret(VECTOR.secret)];

  it('accepts the known answer', () => {
    expect(checkMlflowSignature(VECTOR.headers, VECTOR.body, right, VECTOR.at)).toEqual({
      ok: true,
      deliveryId: VECTOR.headers['x-mlflow-delivery-id'],
    });
  });

  it.each([
    ['no headers', {}, 'SIGNATURE_MISSING'],
    [
      'no delivery id',
      { ...VECTOR.headers, 'x-mlflow-delivery-id': undefined },
      'SIGNATURE_MISSING',
    ],
    ['no time stamp', { ...VECTOR.headers, 'x-mlflow-timestamp': undefined }, 'SIGNATURE_MISSING'],
    ['no signature', { ...VECTOR.headers, 'x-mlflow-signature': undefined }, 'SIGNATURE_MISSING'],
    [
      'another version',
      { ...VECTOR.headers, 'x-mlflow-signature': 'v2,AAAA' },
      'SIGNATURE_MALFORMED',
    ],
    [
      'hexadecimal',
      { ...VECTOR.headers, 'x-mlflow-signature': `v1,${'ab'.repeat(32)}` },
      'SIGNATURE_MALFORMED',
    ],
    [
      'a repeated header',
      { ...VECTOR.headers, 'x-mlflow-delivery-id': 'a, b' },
      'SIGNATURE_MALFORMED',
    ],
    [
      'a key of ours as id',
      { ...VECTOR.headers, 'x-mlflow-delivery-id': 'a#replay' },
      'SIGNATURE_MALFORMED',
    ],
    [
      'an overlong id',
      { ...VECTOR.headers, 'x-mlflow-delivery-id': 'a'.repeat(129) },
      'SIGNATURE_MALFORMED',
    ],
    [
      'a time stamp in words',
      { ...VECTOR.headers, 'x-mlflow-timestamp': 'now' },
      'SIGNATURE_MALFORMED',
    ],
    ['another id', { ...VECTOR.headers, 'x-mlflow-delivery-id': 'x' }, 'SIGNATURE_INVALID'],
    [
      'another time stamp',
      { ...VECTOR.headers, 'x-mlflow-timestamp': '1753950453' },
      'SIGNATURE_INVALID',
    ],
  ])('refuses %s', (_name, headers, expected) => {
    expect(code(headers, right, VECTOR.at)).toBe(expected);
  });

  it('refuses one changed byte of the body', () => {
    for (const at of [0, 100, VECTOR.body.length - 1]) {
      const changed = Buffer.from(VECTOR.body);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(code(VECTOR.headers, right, VECTOR.at, changed)).toBe('SIGNATURE_INVALID');
    }
  });

  it('counts every live secret, in any place, and no retired one', () => {
    const other = secret('another-secret-of-the-source');
    expect(code(VECTOR.headers, [other, ...right], VECTOR.at)).toBe('OK');
    expect(code(VECTOR.headers, [...right, other], VECTOR.at)).toBe('OK');
    expect(code(VECTOR.headers, [other], VECTOR.at)).toBe('SIGNATURE_INVALID');
    expect(code(VECTOR.headers, [other, secret(VECTOR.secret, later(0))], VECTOR.at)).toBe(
      'SIGNATURE_INVALID',
    );
    expect(code(VECTOR.headers, [other, secret(VECTOR.secret, later(1))], VECTOR.at)).toBe('OK');
    expect(code(VECTOR.headers, [], VECTOR.at)).toBe('NO_LIVE_SECRET');
  });

  it('keys with the secret as UTF-8, whatever characters it has', () => {
    const text = '  schlüssel "mit" 钥匙 ';
    const mac = createHmac('sha256', Buffer.from(text)).update('id.1753950452.{}').digest('base64');
    const headers = {
      'x-mlflow-delivery-id': 'id',
      'x-mlflow-timestamp': '1753950452',
      'x-mlflow-signature': `v1,${mac}`,
    };
    expect(code(headers, [secret(text)], VECTOR.at, Buffer.from('{}'))).toBe('OK');
  });

  it.each([
    [-301, 'TIMESTAMP_STALE'],
    [-300, 'OK'],
    [0, 'OK'],
    [300, 'OK'],
    [300.001, 'TIMESTAMP_STALE'],
    [86_400, 'TIMESTAMP_STALE'],
  ])('judges an age of %d seconds as %s', (seconds, expected) => {
    expect(code(VECTOR.headers, right, later(seconds))).toBe(expected);
  });

  it('tells only who knows the secret that its clock is off', () => {
    expect(code(VECTOR.headers, [secret('a-guess-of-a-stranger')], later(9_999))).toBe(
      'SIGNATURE_INVALID',
    );
  });

  describe('mutants that these rules must catch', () => {
    const rewritten: Check = (headers, body, secrets, now) =>
      checkMlflowSignature(
        headers,
        Buffer.from(JSON.stringify(JSON.parse(Buffer.from(body).toString('utf8')))),
        secrets,
        now,
      );
    const firstSecretOnly: Check = (headers, body, secrets, now) =>
      checkMlflowSignature(headers, body, secrets.slice(0, 1), now);
    const ageless: Check = (headers, body, secrets) =>
      checkMlflowSignature(
        headers,
        body,
        secrets,
        new Date(Number(headers['x-mlflow-timestamp']) * 1000),
      );

    it('a check over JSON that was written again', () => {
      expect(code(VECTOR.headers, right, VECTOR.at, VECTOR.body, rewritten)).not.toBe('OK');
    });
    it('a check with the first secret only', () => {
      const rotated = [secret('another-secret-of-the-source'), ...right];
      expect(code(VECTOR.headers, rotated, VECTOR.at, VECTOR.body, firstSecretOnly)).not.toBe('OK');
    });
    it('a check without age', () => {
      expect(code(VECTOR.headers, right, later(9_999), VECTOR.body, ageless)).not.toBe(
        'TIMESTAMP_STALE',
      );
    });
  });
});
