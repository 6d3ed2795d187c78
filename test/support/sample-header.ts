import type { EntryHeader } from '../../libs/chain/src/entry/header.js';

/** A header with every member, for specs that vary one of them. */
export const sampleHeader: EntryHeader = {
  actor: 'user:0b7f0f0e-6f0f-4a52-9a53-2f6d9d1f1c11',
  delivery: 'd-1',
  evidence: `sha256:${'e'.repeat(64)}`,
  id: '018f3b1c-7a70-7000-8000-000000000001',
  occurredAt: '2026-11-21T06:00:00.000Z',
  payload: `sha256:${'a'.repeat(64)}`,
  prev: '0'.repeat(64),
  recordedAt: '2026-11-21T06:00:01.250Z',
  seq: 17,
  source: 'mlflow/demo',
  subject: 'model/card-fraud/v3',
  tenant: '6f1c2a90-1111-4222-8333-944455556666',
  type: 'model-version.created',
};
