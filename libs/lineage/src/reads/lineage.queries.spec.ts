import type { TenantId } from '@countersign/kernel';
import { lineageProjector } from '../projection/lineage.projector.js';
import { cardFraudNames } from '../testing/card-fraud-names.js';
import { LineageFixture } from '../testing/lineage-fixture.js';
import { cardFraudSession } from '../testing/sessions.js';
import type { LineageGraphRecord, LineageNodeRecord, LineageRequest } from './records.js';

describe('LineageQueries', () => {
  const session = cardFraudSession();
  let fixture: LineageFixture;
  let acme: TenantId;
  let globex: TenantId;

  beforeAll(async () => {
    fixture = await LineageFixture.open();
    acme = await fixture.tenant(session.drafts);
    globex = await fixture.tenant(session.drafts.slice(0, 46));
    await fixture.project(acme, lineageProjector);
    await fixture.project(globex, lineageProjector);
  });
  afterAll(() => fixture.end());

  const at = (file: string): bigint => session.sequenceOf.get(file) ?? -1n;
  const names = (graph: LineageGraphRecord): string[] =>
    graph.nodes.flatMap((node) => cardFraudNames(node) ?? []).sort();

  async function root(version: string): Promise<LineageNodeRecord> {
    const found = await fixture.read(acme, (tx) =>
      fixture.queries.modelVersionNode(tx, { model: 'card-fraud', version }),
    );
    if (found === null) throw new Error(`no node for version ${version}`);
    return found;
  }

  async function upstream(
    version: string,
    request: Partial<LineageRequest> = {},
  ): Promise<LineageGraphRecord> {
    const { id } = await root(version);
    return fixture.read(acme, (tx) =>
      fixture.queries.lineage(tx, { root: id, direction: 'UPSTREAM', ...request }),
    );
  }

  it('answers as of an entry: what was not known then is not in it', async () => {
    // Version 2 was registered before the stale claim could matter and after its data was read.
    const registered = at('0100.body') - 1n; // version read back, its run not yet
    const early = await upstream('2', { knownAtSequence: registered });
    expect(early.knownAtSequence).toBe(registered);
    expect(names(early)).toEqual(['card-fraud/2', 'run-B']);
    const later = await upstream('2', { knownAtSequence: at('0100.body') });
    expect(names(later)).toEqual(names(await upstream('2')));
  });

  it('shows a correction to those who ask as of later, and the first belief to those who ask as of then', async () => {
    const target = (graph: LineageGraphRecord): string[] => names(graph);
    const { node } = await fixture.read(acme, async (tx) => {
      const page = await fixture.queries.nodes(
        tx,
        { text: 'cc_holdout', kind: 'DATASET_VERSION' },
        {},
      );
      const [edge] = page.edges;
      if (edge === undefined) throw new Error('no version of cc_holdout');
      return edge;
    });
    const graphAt = (knownAtSequence: bigint): Promise<LineageGraphRecord> =>
      fixture.read(acme, (tx) =>
        fixture.queries.lineage(tx, { root: node.id, direction: 'UPSTREAM', knownAtSequence }),
      );
    const written = await graphAt(at('0045.body'));
    expect(target(written)).toContain('cc_trx_holdout.csv');
    expect(target(await graphAt(at('0130.body')))).toEqual(target(written));
    await expect(graphAt(at('0044.body') - 1n)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('never claims to know more than the projection has seen', async () => {
    const graph = await upstream('1', { knownAtSequence: 10_000n });
    expect(graph.knownAtSequence).toBe(BigInt(session.drafts.length - 1));
  });

  it('says truncated when, and only when, the budget ended the walk', async () => {
    const whole = await upstream('2');
    expect(whole.truncated).toBe(false);
    const exact = await upstream('2', { budget: whole.nodes.length });
    expect(exact.truncated).toBe(false);
    expect(exact.nodes).toHaveLength(whole.nodes.length);
    const cut = await upstream('2', { budget: whole.nodes.length - 1 });
    expect(cut.truncated).toBe(true);
    expect(cut.nodes).toHaveLength(whole.nodes.length - 1);
    const alone = await upstream('2', { budget: 1 });
    expect([names(alone), alone.edges, alone.truncated]).toEqual([['card-fraud/2'], [], true]);
  });

  it('takes a dataset, a job or a model for all of its versions or runs', async () => {
    const graph = await fixture.read(acme, async (tx) => {
      const { edges } = await fixture.queries.nodes(
        tx,
        { kind: 'DATASET', text: 'cc_trx_day1' },
        {},
      );
      const table = await fixture.queries.nodes(
        tx,
        { kind: 'DATASET', text: 'bank/cc_holdout' },
        {},
      );
      return {
        file: await fixture.queries.lineage(tx, {
          root: edges[0]?.node.id ?? '',
          direction: 'DOWNSTREAM',
        }),
        table: await fixture.queries.lineage(tx, {
          root: table.edges[0]?.node.id ?? '',
          direction: 'DOWNSTREAM',
        }),
      };
    });
    expect(names(graph.file)).toContain('card-fraud/1');
    expect(names(graph.table)).toContain('cc_holdout@1');
    expect(names(graph.table)).toContain('card-fraud/3');
    expect(names(graph.table)).not.toContain('cc_features@1');
  });

  it.each([0, -1, 10_001, 1.5])('refuses a budget of %p', async (budget) => {
    await expect(upstream('2', { budget })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('pages through nodes by kind and text, both ways, each node once', async () => {
    const read = await fixture.read(acme, async (tx) => {
      const all = await fixture.queries.nodes(tx, { text: 'CC_' }, { first: 100 });
      const pages: string[] = [];
      for (let after: string | null = null; ;) {
        const page = await fixture.queries.nodes(tx, { text: 'CC_' }, { first: 3, after });
        pages.push(...page.edges.map((edge) => edge.node.id));
        if (!page.hasNextPage) break;
        after = page.edges.at(-1)?.cursor ?? null;
      }
      const last = await fixture.queries.nodes(tx, { text: 'CC_' }, { last: 2 });
      const none = await fixture.queries.nodes(tx, { text: '%' }, {});
      return { all: all.edges.map((edge) => edge.node.id), pages, last, none };
    });
    expect(read.all.length).toBeGreaterThan(10);
    expect(read.pages).toEqual(read.all);
    expect(read.last.edges.map((edge) => edge.node.id)).toEqual(read.all.slice(-2));
    expect(read.last.hasPreviousPage).toBe(true);
    expect(read.none.edges).toEqual([]);
  });

  it('refuses a cursor that it did not give out', async () => {
    const asked = (after: string): Promise<unknown> =>
      fixture.read(acme, (tx) => fixture.queries.nodes(tx, {}, { after }));
    await expect(asked('nonsense')).rejects.toMatchObject({ code: 'BAD_CURSOR' });
    const forged = Buffer.from('["x","not an id"]').toString('base64url');
    await expect(asked(forged)).rejects.toMatchObject({ code: 'BAD_CURSOR' });
  });

  it('changes the manifest when, and only when, the ancestry changes', async () => {
    const digestOf = (tenantId: TenantId, version: string): Promise<string> =>
      fixture.read(tenantId, async (tx) => {
        const manifest = await fixture.queries.manifest(tx, { model: 'card-fraud', version });
        expect([...manifest.lines].sort()).toEqual(manifest.lines);
        return manifest.digest;
      });
    const late = await fixture.tenant(session.drafts.slice(0, 90));
    await fixture.project(late, lineageProjector);
    expect(await digestOf(late, '1')).toBe(await digestOf(acme, '1'));
    const before = await digestOf(late, '2');
    await fixture.append(late, session.drafts.slice(90));
    await fixture.project(late, lineageProjector);
    expect(before).not.toBe(await digestOf(late, '2'));
    expect(await digestOf(late, '2')).toBe(await digestOf(acme, '2'));
    expect(await digestOf(acme, '2')).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('knows nothing of another tenant: not by id, text, model or walk', async () => {
    const { id } = await root('2');
    const seen = await fixture.read(globex, async (tx) => ({
      node: await fixture.queries.node(tx, id),
      version: await fixture.queries.modelVersionNode(tx, { model: 'card-fraud', version: '2' }),
      nodes: (await fixture.queries.nodes(tx, { text: 'cc_train_all' }, {})).edges,
      leaks: await fixture.queries.leaks(tx, { model: 'card-fraud', version: '3' }),
    }));
    expect(seen).toEqual({ node: null, version: null, nodes: [], leaks: [] });
    const walk = fixture.read(globex, (tx) =>
      fixture.queries.lineage(tx, { root: id, direction: 'UPSTREAM' }),
    );
    await expect(walk).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('keeps the tenants apart in the database itself', async () => {
    const visible = await fixture.read(globex, (tx) =>
      tx.query<{ n: bigint }>('SELECT count(*) AS n FROM lineage_node WHERE tenant_id = $1::uuid', [
        acme,
      ]),
    );
    expect(visible).toEqual([{ n: 0n }]);
    const write = fixture.test.database.sqlTransaction(globex, (tx) =>
      tx.query(
        `INSERT INTO lineage_alias (tenant_id, alias, urn, sequence) VALUES ($1::uuid, 'a', 'u', 0)`,
        [acme],
      ),
    );
    await expect(write).rejects.toMatchObject({ code: '42501' });
  });
});
