import type { Principal } from '@countersign/identity';
import { createIngestRig, type IngestRig } from '../../../test/support/ingest-rig.js';
import { signedHeaders } from '../../../test/support/mlflow-session.js';
import { registryEvent } from './canonical-event.js';
import type { Quarantined } from './outcome.js';
import { QuarantineQueries } from './quarantine.queries.js';
import { QuarantineReplay } from './quarantine-replay.js';
import { understood } from './reading.js';
import type { ResolvedSource } from './source.js';

describe('replay of quarantined deliveries', () => {
  const now = new Date('2026-11-21T12:00:00Z');
  const body = Buffer.from('{"entity":"registered_model","action":"archived","data":{"name":"m"}}');
  let rig: IngestRig;
  let principal: Principal;
  let source: ResolvedSource;
  let secret: string;
  let quarantined: Quarantined;
  let tomorrow: QuarantineReplay;

  beforeAll(async () => {
    rig = await createIngestRig(now);
    // An adapter of a later release, which knows the kind.
    tomorrow = new QuarantineReplay({
      database: rig.test.database,
      ledger: rig.ledger,
      queries: rig.queries,
      clock: rig.clock,
      sources: rig.sources,
      read: (_source, input) =>
        understood(registryEvent('registered_model.deleted', { name: 'm' }, input.receivedAt)),
    });
  });
  afterAll(() => rig.close());
  beforeEach(async () => {
    principal = await rig.tenant();
    const created = await rig.sources.create(principal, { kind: 'MLFLOW', name: 'demo' });
    secret = created.secret!;
    source = (await rig.sources.resolve(created.source.id))!;
    quarantined = (await deliver()) as Quarantined;
  });

  const deliver = () =>
    rig.ingest.accept({
      source,
      headers: signedHeaders(secret, body, 'strange', now),
      body,
      receivedAt: now,
    });

  it('says clearly that a delivery is still not understood, and changes nothing', async () => {
    const before = await rig.entries(principal.tenantId);
    await expect(rig.ingest.replayQuarantined(principal, quarantined.id)).rejects.toMatchObject({
      code: 'STILL_QUARANTINED',
      publicMessage: expect.stringContaining('registered_model.archived'),
    });
    expect(await rig.entries(principal.tenantId)).toHaveLength(before.length);
  });

  it("appends what today's adapter understands, once, from the same bytes", async () => {
    const replayed = await tomorrow.replay(principal, quarantined.id);
    expect(replayed).toMatchObject({ id: quarantined.id, replayedAt: now });
    const entry = (await rig.entries(principal.tenantId)).at(-1)!;
    expect(entry).toMatchObject({
      sequence: replayed.replaySequence,
      type: 'registered_model.deleted',
      delivery: 'strange#replay',
      source: 'mlflow/demo',
      basis: 'signed',
      actor: { id: 'unknown' },
    });
    expect(Buffer.compare(entry.evidence!.bytes, body)).toBe(0);
    expect(await tomorrow.replay(principal, quarantined.id)).toEqual(replayed);
    expect((await rig.entries(principal.tenantId)).at(-1)?.sequence).toBe(entry.sequence);
  });

  it('adds one entry when many replay at a time', async () => {
    const before = await rig.entries(principal.tenantId);
    await Promise.all([1, 2, 3, 4].map(() => tomorrow.replay(principal, quarantined.id)));
    expect(await rig.entries(principal.tenantId)).toHaveLength(before.length + 1);
  });

  it('still answers the repeated delivery with the quarantine, after a replay too', async () => {
    await tomorrow.replay(principal, quarantined.id);
    expect(await deliver()).toEqual({ ...quarantined, duplicate: true });
  });

  it("knows nothing of another tenant's quarantine", async () => {
    const other = await rig.tenant();
    await expect(tomorrow.replay(other, quarantined.id)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(tomorrow.replay(other, 'no id')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const queries = new QuarantineQueries();
    const seen = await rig.test.database.read(other.tenantId, (tx) =>
      queries.byId(tx, quarantined.id),
    );
    expect(seen).toBeNull();
  });

  it('is listed in pages, both ways', async () => {
    for (const at of [1, 2, 3, 4]) {
      const headers = signedHeaders(secret, body, `more-${at}`, now);
      await rig.ingest.accept({ source, headers, body, receivedAt: now });
    }
    const queries = new QuarantineQueries();
    const page = (request: Parameters<QuarantineQueries['page']>[1]) =>
      rig.test.database.read(principal.tenantId, (tx) => queries.page(tx, request));
    const all = await page({});
    expect(all.edges.map(({ node }) => node.delivery)).toEqual([
      'strange',
      'more-1',
      'more-2',
      'more-3',
      'more-4',
    ]);
    const first = await page({ first: 2 });
    expect(first).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const second = await page({ first: 3, after: first.edges[1]!.cursor });
    expect(second.edges.map(({ node }) => node.delivery)).toEqual(['more-2', 'more-3', 'more-4']);
    expect(second.hasNextPage).toBe(false);
    const last = await page({ last: 2 });
    expect(last.edges.map(({ node }) => node.delivery)).toEqual(['more-3', 'more-4']);
    await expect(page({ after: 'x' })).rejects.toMatchObject({ code: 'BAD_CURSOR' });
  });
});
