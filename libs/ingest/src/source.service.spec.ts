import type { Principal } from '@countersign/identity';
import { createIngestRig, type IngestRig } from '../../../test/support/ingest-rig.js';
import { signedHeaders } from '../../../test/support/mlflow-session.js';
import { SourceService } from './source.service.js';

describe('SourceService', () => {
  let rig: IngestRig;
  let principal: Principal;
  const start = new Date('2026-11-21T12:00:00Z');
  beforeAll(async () => {
    rig = await createIngestRig(start);
  });
  beforeEach(async () => {
    rig.clock.set(start);
    principal = await rig.tenant();
  });
  afterAll(() => rig.close());

  const later = (seconds: number): Date => new Date(start.getTime() + seconds * 1000);
  const list = (who = principal) =>
    rig.test.database.read(who.tenantId, (tx) => rig.sources.list(tx));

  it('makes a source with a secret of its own, and says so in the ledger', async () => {
    const { secret, source } = await rig.sources.create(principal, {
      kind: 'MLFLOW',
      name: 'demo',
      baseUrl: 'https://mlflow.example/prefix/',
    });
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(source).toMatchObject({
      kind: 'MLFLOW',
      name: 'demo',
      baseUrl: 'https://mlflow.example/prefix',
    });
    expect(await list()).toEqual([source]);
    expect((await rig.sources.resolve(source.id))?.source).toEqual(source);
    const [entry] = await rig.entries(principal.tenantId);
    expect(entry).toMatchObject({
      type: 'source.created',
      source: 'countersign',
      subject: `source/${source.id}`,
      actor: { id: principal.id },
    });
    expect(JSON.stringify(entry?.payload)).not.toContain(secret);
  });

  it('takes a name with capitals and spaces, and the shortest secret that it allows', async () => {
    const created = await rig.sources.create(principal, {
      kind: 'MLFLOW',
      name: 'MLflow Prod_1.eu',
      secret: '8-bytes!',
    });
    expect(created).toMatchObject({ secret: '8-bytes!', source: { name: 'MLflow Prod_1.eu' } });
  });

  it.each([
    [{ kind: 'MLFLOW', name: 'Démo' }, 'BAD_REQUEST', 'name'],
    [{ kind: 'MLFLOW', name: 'a/b' }, 'BAD_REQUEST', 'name'],
    [{ kind: 'ATLAS', name: 'a' }, 'BAD_REQUEST', 'kind'],
    [{ kind: 'MLFLOW', name: 'a', secret: 'short' }, 'BAD_REQUEST', 'secret'],
    [{ kind: 'MLFLOW', name: 'a', baseUrl: 'file:///etc/passwd' }, 'BAD_REQUEST', 'baseUrl'],
    [{ kind: 'MLFLOW', name: 'a', baseUrl: 'https://u:p@x' }, 'BAD_REQUEST', 'baseUrl'],
    [{ kind: 'MLFLOW', name: 'a', topic: '..' }, 'BAD_REQUEST', 'topic'],
    [
      { kind: 'CLOUDEVENTS', name: 'a', secret: 'a-secret-that-nobody-needs' },
      'BAD_REQUEST',
      'secret',
    ],
    [{ kind: 'DATABRICKS', name: 'a' }, 'NOT_SUPPORTED', 'DATABRICKS'],
    [{ kind: 'CLOUDERA_ATLAS', name: 'a' }, 'NOT_SUPPORTED', 'CLOUDERA_ATLAS'],
  ])('refuses %j with %s', async (input, code, named) => {
    await expect(rig.sources.create(principal, input)).rejects.toMatchObject({
      code,
      publicMessage: expect.stringContaining(named),
    });
    expect(await list()).toEqual([]);
  });

  it('refuses a taken name or topic, per tenant only', async () => {
    await rig.sources.create(principal, { kind: 'MLFLOW', name: 'demo', topic: 't' });
    await expect(
      rig.sources.create(principal, { kind: 'MLFLOW', name: 'demo' }),
    ).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(
      rig.sources.create(principal, { kind: 'CLOUDEVENTS', name: 'other', topic: 't' }),
    ).rejects.toMatchObject({ code: 'CONFLICT' });
    const other = await rig.tenant();
    await rig.sources.create(other, { kind: 'MLFLOW', name: 'demo', topic: 't' });
    expect(await list(other)).toHaveLength(1);
  });

  it('makes a source on first use once, however many ask at a time', async () => {
    const services = [0, 1, 2].map(
      () =>
        new SourceService({ database: rig.test.database, ledger: rig.ledger, clock: rig.clock }),
    );
    const made = await Promise.all(
      [...services, ...services].map((service) =>
        service.ensure(principal, 'OPENLINEAGE', 'spark'),
      ),
    );
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect((await rig.entries(principal.tenantId)).map(({ type }) => type)).toEqual([
      'source.created',
    ]);
  });

  it('does not show a source to another tenant', async () => {
    const { source } = await rig.sources.create(principal, { kind: 'MLFLOW', name: 'demo' });
    const other = await rig.tenant();
    expect(await list(other)).toEqual([]);
    const found = await rig.test.database.read(other.tenantId, (tx) =>
      rig.sources.byId(tx, source.id),
    );
    expect(found).toBeNull();
    await expect(rig.sources.rotateSecret(other, source.id)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('lets an old secret count for as long as the rotation says, and the new one at once', async () => {
    const { secret: first, source } = await rig.sources.create(principal, {
      kind: 'MLFLOW',
      name: 'demo',
    });
    await rig.sources.resolve(source.id);
    const { secret: second } = await rig.sources.rotateSecret(principal, source.id, {
      overlapSeconds: 60,
    });
    const accepts = async (secret: string | null, at: Date): Promise<string> => {
      rig.clock.set(at);
      const body = Buffer.from('{}');
      const headers = signedHeaders(secret!, body, `d-${at.getTime()}-${secret!.slice(0, 3)}`, at);
      const resolved = (await rig.sources.resolve(source.id))!;
      return (await rig.ingest.accept({ source: resolved, headers, body, receivedAt: at })).kind;
    };
    expect(await accepts(second, later(1))).toBe('quarantined');
    expect(await accepts(first, later(59))).toBe('quarantined');
    expect(await accepts(first, later(60))).toBe('unauthentic');
    expect(await accepts(second, later(3_600))).toBe('quarantined');
    const types = (await rig.entries(principal.tenantId)).map(({ type }) => type);
    expect(types).toContain('source.secret_rotated');
  });

  it('tells how a source fares', async () => {
    const { secret, source } = await rig.sources.create(principal, {
      kind: 'MLFLOW',
      name: 'demo',
    });
    const health = async (): Promise<string> => {
      await rig.sources.close();
      const [row] = await list();
      return rig.sources.activity.health(row!);
    };
    expect(await health()).toBe('no deliveries yet');
    const resolved = (await rig.sources.resolve(source.id))!;
    const body = Buffer.from('{}');
    const deliver = (key: string) =>
      rig.ingest.accept({
        source: resolved,
        headers: signedHeaders(key, body, 'one', start),
        body,
        receivedAt: start,
      });
    await deliver(secret!);
    expect(await health()).toBe('ok, last delivery 2026-11-21T12:00:00.000Z');
    await deliver('a-guess-of-a-stranger');
    expect(await health()).toBe(
      '1 delivery refused, last SIGNATURE_INVALID at 2026-11-21T12:00:00.000Z; last delivery 2026-11-21T12:00:00.000Z',
    );
  });

  it('never keeps more than its bound of resolved sources, nor unknown ids', async () => {
    expect(await rig.sources.resolve('6b1f6c0e-0000-4000-8000-000000000000')).toBeNull();
    expect(await rig.sources.resolve("x' OR 1=1")).toBeNull();
  });
});
