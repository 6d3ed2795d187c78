import { eventCatalogue, isEventType } from '@countersign/events';
import type { EntryRecord } from '@countersign/ledger';
import { createIngestRig, type IngestRig } from '../../../test/support/ingest-rig.js';
import { mlflowSession } from '../../../test/support/mlflow-session.js';
import type { IngestOutcome } from './outcome.js';
import type { ResolvedSource } from './source.js';

const session = mlflowSession();

/** What each kind is called here. */
const CANONICAL: Readonly<Record<string, string>> = {
  'registered_model.created': 'registered_model.created',
  'model_version.created': 'model_version.created',
  'model_version_tag.set': 'model_version.tag_set',
  'model_version_tag.deleted': 'model_version.tag_deleted',
  'model_version_alias.created': 'model_alias.set',
  'model_version_alias.deleted': 'model_alias.removed',
  'prompt.created': 'prompt.created',
  'prompt_version.created': 'prompt_version.created',
  'prompt_tag.set': 'prompt.tag_set',
  'prompt_tag.deleted': 'prompt.tag_deleted',
  'prompt_version_tag.set': 'prompt_version.tag_set',
  'prompt_version_tag.deleted': 'prompt_version.tag_deleted',
  'prompt_alias.created': 'prompt_alias.set',
  'prompt_alias.deleted': 'prompt_alias.removed',
  'budget_policy.exceeded': 'budget.exceeded',
};

describe('the recorded MLflow session', () => {
  let rig: IngestRig;
  let source: ResolvedSource;
  let entries: EntryRecord[];
  let first: IngestOutcome[];

  const deliverAll = async (): Promise<IngestOutcome[]> => {
    const outcomes: IngestOutcome[] = [];
    for (const { body, headers, sentAt } of session.deliveries) {
      rig.clock.set(sentAt);
      outcomes.push(await rig.ingest.accept({ source, headers, body, receivedAt: sentAt }));
    }
    return outcomes;
  };
  const delivered = (id: string): EntryRecord =>
    entries.find(({ delivery }) => delivery === session.deliveries[Number(id) - 1]?.deliveryId)!;

  beforeAll(async () => {
    rig = await createIngestRig();
    const principal = await rig.tenant('acme');
    const created = await rig.sources.create(principal, {
      kind: 'MLFLOW',
      name: 'demo',
      secret: session.secret,
    });
    source = (await rig.sources.resolve(created.source.id))!;
    first = await deliverAll();
    entries = await rig.entries(principal.tenantId);
  });
  afterAll(() => rig.close());

  it('is accepted whole, with the signatures as recorded', () => {
    expect(first.map((outcome) => outcome.kind)).toEqual(session.deliveries.map(() => 'accepted'));
    expect(first).toHaveLength(51);
  });

  it('is in the ledger once, byte for byte, in order, after the entry of its source', () => {
    expect(entries.map(({ type }) => type).slice(0, 1)).toEqual(['source.created']);
    const received = entries.slice(1);
    expect(received.map(({ delivery }) => delivery)).toEqual(
      session.deliveries.map(({ deliveryId }) => deliveryId),
    );
    for (const [index, { body }] of session.deliveries.entries()) {
      expect(Buffer.compare(received[index]!.evidence!.bytes, body)).toBe(0);
    }
  });

  it('adds nothing when it is delivered again, and gets its first sequences', async () => {
    const again = await deliverAll();
    expect(again).toEqual(first.map((outcome) => ({ ...outcome, duplicate: true })));
    expect(await rig.entries(source.source.tenantId)).toHaveLength(entries.length);
  });

  it("maps each of the 15 kinds, and MLflow's test deliveries to source.test_received", () => {
    const types = session.deliveries.map(({ kind, test }) =>
      test ? 'source.test_received' : CANONICAL[kind],
    );
    expect(entries.slice(1).map(({ type }) => type)).toEqual(types);
    expect(new Set(session.deliveries.map(({ kind }) => kind)).size).toBe(15);
  });

  it('says of each that the source signed it and that the actor is unknown', () => {
    for (const entry of entries.slice(1)) {
      expect(entry.source).toBe('mlflow/demo');
      expect(entry.basis).toBe('signed');
      expect(entry.actor).toEqual({ id: 'unknown', kind: 'unknown', basis: 'reported' });
    }
  });

  it('holds data that its schema describes', () => {
    for (const { payload, type } of entries) {
      expect(isEventType(type)).toBe(true);
      if (isEventType(type)) eventCatalogue[type].parse(payload['data']);
    }
  });

  it('takes the time from the event, cut to milliseconds', () => {
    expect(delivered('001').occurredAt.toISOString()).toBe('2026-11-21T07:55:46.215Z');
    expect(delivered('020').occurredAt.toISOString()).toBe('2026-11-21T07:56:09.494Z');
  });

  it('reads a version, a tag, an alias and a prompt as recorded', () => {
    expect(delivered('002')).toMatchObject({
      subject: 'model/credit-scorer/version/1',
      payload: {
        data: {
          name: 'credit-scorer',
          version: '1',
          sourceUri: 'models:/m-022633a0ad8c427bb6e3dffb7af5dbce',
          runId: null,
          description: null,
          tags: [{ key: 'validation_status', value: 'pending' }],
        },
      },
    });
    expect(delivered('004').payload['data']).toEqual({
      name: 'credit-scorer',
      version: '2',
      key: 'validation.accuracy',
      value: '0.97',
    });
    expect(delivered('011')).toMatchObject({
      type: 'model_alias.set',
      subject: 'model/credit-scorer/alias/champion',
      payload: { data: { name: 'credit-scorer', alias: 'champion', version: '2' } },
    });
    expect(delivered('027')).toMatchObject({ subject: 'prompt/credit-summary/version/2' });
  });

  it('keeps free text out of what is hashed', () => {
    const hashed = entries
      .map(
        ({ canonical, payloadCanonical }) =>
          `${text(canonical)}${text(payloadCanonical ?? canonical)}`,
      )
      .join('\n');
    for (const secret of [
      'Scores one application',
      'quarterly refresh',
      'passed',
      'Summarise',
      ',1,',
      session.secret,
    ]) {
      expect(hashed).not.toContain(secret);
    }
    expect(hashed).toContain('credit-scorer');
  });
});

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
