import type { SqlTx } from '@countersign/database';
import type { EntryDraft } from '@countersign/events';
import type { TenantId } from '@countersign/kernel';
import type { Projector } from '@countersign/ledger';
import fc from 'fast-check';
import {
  createRegistryRig,
  moment,
  registryEvent,
  type RegistryRig,
} from '../../../../test/support/registry-rig.js';
import { registryProjector } from './registry.projector.js';

const TABLES = ['registry_model', 'registry_version', 'registry_statement', 'registry_span'];

/** Rows that the projector's statements gave back, batch by batch. */
const read: number[] = [];

const counted: Projector = {
  ...registryProjector,
  apply: async (tx, entries, seal) => {
    let rows = 0;
    const counting: SqlTx = {
      tenantId: tx.tenantId,
      query: async <Row extends object>(text: string, values?: readonly unknown[]) => {
        const found = await tx.query<Row>(text, values);
        rows += found.length;
        return found;
      },
    };
    await registryProjector.apply(counting, entries, seal);
    read.push(rows);
  },
};

const tag = (at: number, value: string): EntryDraft =>
  registryEvent('model_version.tag_set', at, { version: '1', key: 'k1', value });

describe('registryProjector, late events on one slot', () => {
  let rig: RegistryRig;
  beforeAll(async () => {
    rig = await createRegistryRig([counted]);
  });
  afterAll(() => rig.close());

  const flooded = async (drafts: readonly EntryDraft[], size: number): Promise<TenantId> => {
    const { tenantId } = await rig.tenant();
    read.length = 0;
    for (let start = 0; start < drafts.length; start += size) {
      await rig.ledger.append(tenantId, drafts.slice(start, start + size));
      await rig.runner.catchUp(tenantId);
    }
    return tenantId;
  };
  const rows = (tenantId: TenantId) => rig.rows(tenantId, TABLES);

  const COUNT = 1_000;
  const SIZE = 100;
  it.each<[string, (index: number) => number, number]>([
    ['in order', (index) => index, 2],
    ['in reverse', (index) => COUNT - index, 2],
    ['at one moment', () => 5, 2],
    // Each of a batch stands somewhere else: its own span and the next ones, and what opened them.
    ['in random order', (index) => (index * 617) % COUNT, 9],
  ])('reads and writes no more than a batch touches, %s', async (_, at, perEvent) => {
    const drafts = Array.from({ length: COUNT }, (__, index) => tag(at(index), String(index)));
    const tenantId = await flooded(drafts, SIZE);
    expect(read).toHaveLength(COUNT / SIZE);
    // The constant is what a batch reads however few its events are.
    expect(Math.max(...read)).toBeLessThanOrEqual(perEvent * SIZE + 30);
    const stored = await rows(tenantId);
    expect(stored['registry_statement']).toHaveLength(COUNT);
    expect(stored['registry_span']?.length).toBeLessThanOrEqual(2 * COUNT);
  });

  const late = fc.record({
    kind: fc.constantFrom(
      'set',
      'set',
      'set',
      'set',
      'remove',
      'alias',
      'created',
      'deleted',
      'seen',
    ),
    at: fc.integer({ min: 0, max: 30 }),
    value: fc.constantFrom('a', 'b', 'c'),
  });

  it('gives the rows of one batch in whatever order and batches they came', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(late, { minLength: 10, maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (events, size) => {
          const drafts = events.map((one, index) => draftOf(one.kind, one.at, one.value, index));
          const tenantId = await flooded(drafts, size);
          const before = await rows(tenantId);
          await rig.runner.rebuild(tenantId, 'registry');
          expect(await rows(tenantId)).toEqual(before);
        },
      ),
      { numRuns: 25 },
    );
  });
});

function draftOf(kind: string, at: number, value: string, index: number): EntryDraft {
  const number = value === 'c' ? '2' : '1';
  switch (kind) {
    case 'set':
      return tag(at, value);
    case 'remove':
      return registryEvent('model_version.tag_deleted', at, { version: '1', key: 'k1' });
    case 'alias':
      return registryEvent('model_alias.set', at, { alias: 'champion', version: number });
    case 'created':
      return registryEvent('registered_model.created', at, { description: null, tags: [] });
    case 'deleted':
      return registryEvent('model_version.deleted', at, { version: number });
    default:
      return registryEvent('model_version.observed', at + 50, {
        version: '1',
        description: null,
        sourceUri: 'models:/m-1',
        runId: 'run-1',
        stage: 'Staging',
        status: 'READY',
        tags: value === 'c' ? [] : [{ key: 'k1', value }],
        aliases: at % 2 === 0 ? ['champion'] : [],
        createdAtMs: moment(at).getTime(),
        readFor: String(Math.max(0, index - 2)),
        readAtSize: String(Math.max(0, index - 1)),
      });
  }
}
