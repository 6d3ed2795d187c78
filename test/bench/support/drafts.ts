import type { EntryDraft } from '@countersign/events';

let made = 0;

/** A registry event as a webhook brings it: about 600 bytes of payload and 400 of evidence, nothing personal. */
export function benchDraft(): EntryDraft {
  const n = ++made;
  const version = String(n);
  const body = JSON.stringify({
    entity: 'model_version',
    action: 'created',
    timestamp: '2026-11-20T08:00:00.000Z',
    data: { name: `model-${n % 50}`, version, source: `mlflow-artifacts:/${n}/artifacts/model` },
  });
  return {
    type: 'model_version.created',
    source: 'mlflow/bench',
    subject: `model/model-${n % 50}/version/${version}`,
    actor: {
      id: `user:00000000-0000-4000-8000-0000000000${10 + (n % 50)}`,
      kind: 'user',
      basis: 'reported',
    },
    basis: 'signed',
    occurredAt: new Date(1_763_000_000_000 + n),
    delivery: `bench-${process.pid}-${n}`,
    data: {
      name: `model-${n % 50}`,
      version,
      sourceUri: `mlflow-artifacts:/${n}/artifacts/model`,
      runId: `run-${n % 1000}`,
      description: null,
      tags: Array.from({ length: 5 }, (_, i) => ({ key: `key-${i}`, value: `value ${i} of ${n}` })),
    },
    evidence: { bytes: Buffer.from(body), mediaType: 'application/json' },
  };
}

export function benchDrafts(count: number): EntryDraft[] {
  return Array.from({ length: count }, benchDraft);
}
