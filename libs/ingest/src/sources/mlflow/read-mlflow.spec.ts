import { personal } from '@countersign/events';
import fc from 'fast-check';
import { mlflowSession } from '../../../../../test/support/mlflow-session.js';
import type { CanonicalEvent, Reading } from '../../reading.js';
import { readMlflow, readMlflowValue } from './read-mlflow.js';

const receivedAt = new Date('2026-11-21T12:00:00Z');
const sourceId = 'source-1';
const read = (body: object): Reading =>
  readMlflow({ bytes: Buffer.from(JSON.stringify(body)), receivedAt, sourceId });
const only = (reading: Reading): CanonicalEvent => {
  if (!reading.ok || reading.events.length !== 1) throw new Error(JSON.stringify(reading));
  return reading.events[0]!;
};
const alias = {
  entity: 'model_version_alias',
  action: 'created',
  data: { name: 'm', alias: 'a', version: '1' },
};

describe('readMlflow', () => {
  it.each([[undefined], ['yesterday'], [1795247746], ['2026-11-21T07:55:46']])(
    'takes the time of receipt when the event says %j',
    (timestamp) => {
      expect(only(read({ ...alias, timestamp })).occurredAt).toBe(receivedAt);
    },
  );

  it('keeps the workspace as a hint', () => {
    expect(only(read({ ...alias, workspace: 'team-a' })).data).toMatchObject({
      workspace: 'team-a',
    });
  });

  it('marks descriptions, tag values and templates personal, and nothing else', () => {
    const data = { name: 'p', version: '1', template: 'T', tags: { k: 'v' }, description: 'D' };
    expect(only(read({ entity: 'prompt_version', action: 'created', data })).data).toEqual({
      name: 'p',
      version: '1',
      template: personal('T'),
      tags: [{ key: 'k', value: personal('v') }],
      description: personal('D'),
    });
  });

  it('reads a budget of 3.17 and of 3.11', () => {
    const data = {
      budget_policy_id: 'bp-7',
      budget_unit: 'USD',
      budget_amount: 100.5,
      current_spend: 1e21,
      duration_unit: 'DAYS',
      duration_value: 7,
      target_scope: 'WORKSPACE',
      workspace: 'team-a',
      window_start: 1704067200000,
    };
    const event = { entity: 'budget_policy', action: 'exceeded', data };
    expect(only(read(event))).toMatchObject({
      type: 'budget.exceeded',
      subject: 'budget/bp-7',
      data: {
        amount: '100.5',
        durationValue: '7',
        target: 'team-a',
        windowStart: '2024-01-01T00:00:00.000Z',
      },
    });
    const newer = { ...event, data: { ...data, target_value: 'ep-1', window_start: 'soon' } };
    expect(only(read(newer)).data).toMatchObject({ target: 'ep-1', windowStart: null });
  });

  it("takes a delivery for a test only when its data is MLflow's example, member by member", () => {
    const tests = mlflowSession().deliveries.filter(({ test }) => test);
    expect(tests).toHaveLength(16);
    for (const { body } of tests) {
      const event = JSON.parse(body.toString('utf8')) as { data: Record<string, unknown> };
      expect(only(read(event)).type).toBe('source.test_received');
      for (const changed of [
        { ...event.data, extra: null },
        { ...event.data, version: '2', budget_amount: 1 },
      ]) {
        expect(only(read({ ...event, data: changed })).type).not.toBe('source.test_received');
      }
    }
  });

  it('never throws, whatever JSON it is given', () => {
    const kinds = mlflowSession().deliveries.map(({ kind }) => kind.split('.') as [string, string]);
    const event = fc.record({
      kind: fc.constantFrom(...kinds),
      data: fc.dictionary(
        fc.constantFrom(
          'name',
          'version',
          'alias',
          'key',
          'value',
          'tags',
          'description',
          'run_id',
        ),
        fc.oneof(fc.jsonValue(), fc.string()),
      ),
    });
    fc.assert(
      fc.property(fc.oneof(event, fc.jsonValue()), (value) => {
        const shaped =
          typeof value === 'object' &&
          value !== null &&
          'kind' in value &&
          Array.isArray(value.kind)
            ? { entity: value.kind[0], action: value.kind[1], data: value.data }
            : value;
        const body = JSON.parse(JSON.stringify(shaped)) as Parameters<typeof readMlflowValue>[0];
        const reading = readMlflowValue(body, { receivedAt, sourceId });
        expect(reading.ok ? reading.events.length : reading.reason).toBeTruthy();
      }),
    );
  });
});
