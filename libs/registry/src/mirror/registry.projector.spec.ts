import type { EntryDraft } from '@countersign/events';
import type { TenantId } from '@countersign/kernel';
import type { EntryRecord, Projector } from '@countersign/ledger';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mlflowSession } from '../../../../test/support/mlflow-session.js';
import { testVault } from '../../../../test/support/vault.js';
import {
  CARD_FRAUD,
  cardFraudDeliveries,
  createRegistryRig,
  deliver,
  moment,
  registryEvent,
  type RegistryRig,
} from '../../../../test/support/registry-rig.js';
import { RegistryQueries } from '../reads/registry.queries.js';
import { registryProjector } from './registry.projector.js';

const TABLES = ['registry_model', 'registry_version', 'registry_statement', 'registry_span'];
const created = { description: null, tags: [] };
const version = (number: string, sourceUri = `models:/m-${number}`) => ({
  ...created,
  version: number,
  sourceUri,
  runId: null,
});
const alias = (at: number, number: string, name = 'champion'): EntryDraft =>
  registryEvent('model_alias.set', at, { alias: name, version: number });

describe('registryProjector', () => {
  let rig: RegistryRig;
  const queries = new RegistryQueries({ vault: testVault() });
  beforeAll(async () => {
    rig = await createRegistryRig([registryProjector]);
  });
  afterAll(() => rig.close());

  const mirrored = async (...drafts: EntryDraft[]): Promise<TenantId> => {
    const { tenantId } = await rig.tenant();
    await rig.ledger.append(tenantId, drafts);
    await rig.runner.catchUp(tenantId);
    return tenantId;
  };
  const more = async (tenantId: TenantId, ...drafts: EntryDraft[]): Promise<void> => {
    await rig.ledger.append(tenantId, drafts);
    await rig.runner.catchUp(tenantId);
  };
  /** Versions that held the target, as numbers. */
  const holders = (
    tenantId: TenantId,
    at?: Date,
    knownAtSequence?: bigint,
    target = 'alias:champion',
    model = 'scorer',
  ): Promise<string[]> =>
    rig.read(tenantId, async (tx) => {
      const found = await queries.placements(tx, { model, target, at, knownAtSequence });
      const versions = await queries.versionsByIds(
        tx,
        found.map((placement) => placement.versionId),
      );
      return found.map((placement) => versions.get(placement.versionId)?.version ?? '?');
    });

  it('says who held an alias before, between and after two moves, and as known at a sequence', async () => {
    const tenantId = await mirrored(
      registryEvent('registered_model.created', 0, created),
      registryEvent('model_version.created', 1, version('1')),
      registryEvent('model_version.created', 2, version('2')),
      alias(10, '1'), // sequence 3
      alias(20, '2'), // sequence 4
    );
    expect(await holders(tenantId, moment(9.999))).toEqual([]);
    expect(await holders(tenantId, moment(10))).toEqual(['1']);
    expect(await holders(tenantId, moment(19.999))).toEqual(['1']);
    expect(await holders(tenantId, moment(20))).toEqual(['2']);
    expect(await holders(tenantId)).toEqual(['2']);
    expect(await holders(tenantId, moment(20), 3n)).toEqual(['1']);
    expect(await holders(tenantId, moment(20), 2n)).toEqual([]);
    expect(await holders(tenantId, undefined, 3n)).toEqual(['1']);
  });

  it('keeps a late event in the past and what was believed before it', async () => {
    const tenantId = await mirrored(
      registryEvent('registered_model.created', 0, created),
      alias(10, '1'),
      alias(30, '3'),
      alias(20, '2'), // sequence 3, late
    );
    expect(await holders(tenantId)).toEqual(['3']);
    expect(await holders(tenantId, moment(25))).toEqual(['2']);
    expect(await holders(tenantId, moment(25), 2n)).toEqual(['1']);
  });

  it('removes aliases and stages with their version, and reads every spelling of a number', async () => {
    const tenantId = await mirrored(
      registryEvent('model_version.created', 1, version('1')),
      alias(2, '01'),
      registryEvent('model_version.stage_transitioned', 3, {
        version: ' 1',
        from: 'None',
        to: 'Production',
        cause: 'direct',
      }),
    );
    expect(await holders(tenantId, moment(4))).toEqual(['1']);
    expect(await holders(tenantId, moment(4), undefined, 'stage:production')).toEqual(['1']);
    await more(tenantId, registryEvent('model_version.deleted', 5, { version: '1' }));
    expect(await holders(tenantId)).toEqual([]);
    expect(await holders(tenantId, undefined, undefined, 'stage:Production')).toEqual([]);
    expect(await holders(tenantId, moment(4), undefined, 'stage:Production')).toEqual(['1']);
    const gone = await rig.read(tenantId, (tx) => queries.version(tx, 'scorer', '1'));
    expect(gone?.deletedAt).toEqual({ earliest: moment(5), latest: moment(5) });
  });

  it('meets a model through its alias, and lets the creation refine the placeholder', async () => {
    const tenantId = await mirrored(alias(2, '1'));
    const before = await rig.read(tenantId, (tx) => queries.model(tx, 'scorer'));
    expect(before).toMatchObject({ basis: 'inferred', createdAt: null, incarnation: 1 });
    await more(
      tenantId,
      registryEvent('model_version.created', 1, version('1')),
      registryEvent('registered_model.created', 0, { ...created, description: 'Scores.' }),
    );
    const after = await rig.read(tenantId, (tx) => queries.model(tx, 'scorer'));
    expect(after).toMatchObject({
      id: before?.id,
      basis: 'signed',
      createdAt: moment(0),
      description: 'Scores.',
    });
    expect(await holders(tenantId)).toEqual(['1']);
  });

  it('starts another incarnation when a name is made again, and ends what the first one held', async () => {
    const tenantId = await mirrored(
      registryEvent('registered_model.created', 0, created),
      registryEvent('model_version.created', 1, version('1')),
      alias(10, '1'),
      registryEvent('registered_model.created', 60, created),
      registryEvent('model_version.created', 61, version('1', 'models:/m-other')),
    );
    const [first, second] = await rig.read(tenantId, async (tx) => [
      await queries.model(tx, 'scorer', null, 1),
      await queries.model(tx, 'scorer'),
    ]);
    expect(first?.deletedAt).toEqual({ earliest: moment(10), latest: moment(60) });
    expect(second).toMatchObject({ incarnation: 2, deletedAt: null, createdAt: moment(60) });
    expect(await holders(tenantId)).toEqual([]);
    expect(await holders(tenantId, moment(9))).toEqual([]);
    expect(await holders(tenantId, moment(10))).toEqual(['1']);
    const now = await rig.read(tenantId, (tx) => queries.version(tx, 'scorer', '1'));
    expect(now).toMatchObject({ incarnation: 2, sourceUri: 'models:/m-other' });
  });

  it('takes a version number that is used again from another artifact for another incarnation', async () => {
    const tenantId = await mirrored(
      registryEvent('model_version.created', 1, version('1')),
      registryEvent('model_version.created', 1.2, version('1')), // a second subscription
      registryEvent('model_version.created', 60, version('1', 'models:/m-other')),
    );
    const model = await rig.read(tenantId, (tx) => queries.model(tx, 'scorer'));
    expect(model?.incarnation).toBe(2);
  });

  it('keeps prompts apart from models of the same name', async () => {
    const tenantId = await mirrored(
      registryEvent('registered_model.created', 0, created),
      alias(5, '1'),
      registryEvent('prompt.created', 1, created),
      registryEvent('prompt_alias.set', 6, { alias: 'champion', version: '7' }),
    );
    expect(await holders(tenantId)).toEqual(['1']);
    const page = await rig.read(tenantId, (tx) => queries.models(tx, { kind: 'prompt' }, {}));
    expect(page.edges.map(({ node }) => [node.name, node.kind])).toEqual([['scorer', 'prompt']]);
  });

  it('infers what an entry changed', async () => {
    const tenantId = await mirrored(alias(1, '1'), alias(2, '2'), alias(3, '2'));
    const changes = await rig.read(tenantId, (tx) => queries.changesOf(tx, [0n, 1n, 2n]));
    expect(changes.get(0n)).toMatchObject([{ before: null, after: { value: '1' } }]);
    expect(changes.get(1n)).toMatchObject([
      { slot: 'alias:champion', before: { value: '1' }, after: { value: '2' }, basis: 'inferred' },
    ]);
    expect(changes.get(2n)).toBeUndefined();
  });

  it('refuses to guess between sources', async () => {
    const other = { source: 'mlflow/other' };
    const tenantId = await mirrored(
      registryEvent('registered_model.created', 0, created),
      registryEvent('registered_model.created', 0, created, other),
    );
    const find = (source?: string) =>
      rig.read(tenantId, (tx) => queries.model(tx, 'scorer', source));
    await expect(find()).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    expect((await find('mlflow/other'))?.source).toBe('mlflow/other');
  });

  it('mirrors the recorded session as its registry showed it at the end', async () => {
    const { created: made, tenantId } = await rig.demo();
    await deliver(
      rig,
      made.source.id,
      mlflowSession().deliveries.filter((delivery) => !delivery.test),
    );
    await rig.runner.catchUp(tenantId);
    const shown = JSON.parse(
      readFileSync(
        join(process.cwd(), 'test/fixtures/mlflow-session/snapshot/model-versions-search.json'),
        'utf8',
      ),
    ) as { model_versions: { name: string; version: string; source: string; tags?: object[] }[] };
    await rig.read(tenantId, async (tx) => {
      for (const one of shown.model_versions) {
        const found = await queries.version(tx, one.name, one.version);
        expect(found?.sourceUri).toBe(one.source);
        const tags = await queries.tagsOf(tx, [found?.id ?? '']);
        const seen = tags.get(found?.id ?? '')?.map(({ key, value }) => ({ key, value }));
        expect(seen).toEqual(one.tags ?? []);
      }
      const scorer = await queries.model(tx, 'credit-scorer');
      const aliases = await queries.aliasesOf(tx, [scorer?.id ?? '']);
      expect(aliases.get(scorer?.id ?? '')?.map(({ name, version: v }) => [name, v])).toEqual([
        ['champion', '2'],
      ]);
      // Met through version 5 after a rename that nobody reported, then deleted and made again.
      expect(await queries.model(tx, 'credit-cultivar-grader')).toMatchObject({ incarnation: 2 });
    });
  });

  it('has the alias moves of the recorded card-fraud session', async () => {
    const { created: made, tenantId } = await rig.demo();
    await deliver(rig, made.source.id, cardFraudDeliveries());
    await rig.runner.catchUp(tenantId);
    const { aliases } = JSON.parse(readFileSync(join(CARD_FRAUD, 'expected.json'), 'utf8')) as {
      aliases: { moves: { alias: string; from: string | null; to: string; at: string }[] };
    };
    const around = (at: string, ms: number) => new Date(Date.parse(at) + ms);
    for (const move of aliases.moves) {
      const who = (at: Date) =>
        holders(tenantId, at, undefined, `alias:${move.alias}`, 'card-fraud');
      expect(await who(around(move.at, -1))).toEqual(move.from === null ? [] : [move.from]);
      expect(await who(around(move.at, 100))).toEqual([move.to]);
    }
  });

  it('gives identical rows after a rebuild, and whatever batches the entries came in', async () => {
    const { created: made, tenantId } = await rig.demo();
    for (const one of mlflowSession().deliveries) {
      await deliver(rig, made.source.id, [one]);
      await rig.runner.catchUp(tenantId);
    }
    const before = await rig.rows(tenantId, TABLES);
    expect(before['registry_span']?.length).toBeGreaterThan(20);
    await rig.runner.rebuild(tenantId, 'registry');
    expect(await rig.rows(tenantId, TABLES)).toEqual(before);
  });

  it('gives the same rows for any events in any order, however they are cut', async () => {
    const one = fc.record({
      kind: fc.constantFrom(
        'model',
        'version',
        'alias',
        'remove',
        'tag',
        'stage',
        'delete',
        'seen',
      ),
      at: fc.integer({ min: 0, max: 40 }),
      number: fc.constantFrom('1', '2', '3'),
      cut: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 4, maxLength: 18 }), async (events) => {
        const { tenantId } = await rig.tenant();
        for (const [index, event] of events.entries()) {
          await rig.ledger.append(tenantId, [anyEvent(event.kind, event.at, event.number, index)]);
          if (event.cut) await rig.runner.catchUp(tenantId);
        }
        await rig.runner.catchUp(tenantId);
        const before = await rig.rows(tenantId, TABLES);
        await rig.runner.rebuild(tenantId, 'registry');
        expect(await rig.rows(tenantId, TABLES)).toEqual(before);
      }),
      { numRuns: 12 },
    );
  });

  it('would notice a projector whose rows depend on the moment they were made', async () => {
    const hasty: Projector = {
      ...registryProjector,
      name: 'hasty',
      apply: (tx, entries, seal) =>
        registryProjector.apply(
          tx,
          entries.map((entry): EntryRecord => ({ ...entry, occurredAt: new Date() })),
          seal,
        ),
    };
    const other = await createRegistryRig([hasty]);
    try {
      const { tenantId } = await other.tenant();
      await other.ledger.append(tenantId, [alias(1, '1')]);
      await other.runner.catchUp(tenantId);
      const before = await other.rows(tenantId, TABLES);
      await other.runner.rebuild(tenantId, 'hasty');
      expect(await other.rows(tenantId, TABLES)).not.toEqual(before);
    } finally {
      await other.close();
    }
  });
});

function anyEvent(kind: string, at: number, number: string, index: number): EntryDraft {
  const key = `k${number}`;
  switch (kind) {
    case 'model':
      return registryEvent('registered_model.created', at, {
        ...created,
        tags: [{ key, value: 'x' }],
      });
    case 'version':
      return registryEvent('model_version.created', at, version(number, `models:/m-${at % 3}`));
    case 'alias':
      return alias(at, number, 'champion');
    case 'remove':
      return registryEvent('model_alias.removed', at, { alias: 'champion' });
    case 'tag':
      return registryEvent('model_version.tag_set', at, {
        version: number,
        key,
        value: String(at),
      });
    case 'stage':
      return registryEvent('model_version.stage_transitioned', at, {
        version: number,
        from: null,
        to: at % 2 === 0 ? 'Production' : 'Archived',
        cause: 'direct',
      });
    case 'delete':
      return at % 4 === 0
        ? registryEvent('registered_model.deleted', at, {})
        : registryEvent('model_version.deleted', at, { version: number });
    default:
      return registryEvent('model_version.observed', at + 100, {
        ...version(number),
        runId: `run-${number}`,
        stage: 'Staging',
        status: 'READY',
        tags: [{ key: 'k1', value: 'seen' }],
        aliases: at % 2 === 0 ? ['champion'] : [],
        createdAtMs: moment(at).getTime(),
        readFor: String(Math.max(0, index - 2)),
        readAtSize: String(Math.max(0, index - 1)),
      });
  }
}
