import type { EntryDraft } from '@countersign/events';

export type DraftKind = 'delivery' | 'command';

/** What a caller sends under a name: caller, replica and checker make the same bytes from it. */
export function draftOf(name: string, kind: DraftKind): EntryDraft {
  const body = evidenceOf(name);
  return {
    type: 'model_version.created',
    source: kind === 'delivery' ? 'mlflow/chaos' : 'countersign',
    subject: `model/card-fraud/version/${name}`,
    actor: { id: 'unknown', kind: 'unknown', basis: 'reported' },
    basis: kind === 'delivery' ? 'signed' : 'authenticated',
    occurredAt: new Date('2026-11-20T08:00:00.000Z'),
    delivery: name,
    data: {
      name: 'card-fraud',
      version: name,
      sourceUri: null,
      runId: `run-${name}`,
      description: null,
      tags: [{ key: 'sent', value: name }],
    },
    evidence: { bytes: Buffer.from(body), mediaType: 'application/json' },
  };
}

/** The raw bytes that come with it. */
export function evidenceOf(name: string): string {
  return JSON.stringify({ version: name, note: name.repeat(8) });
}
