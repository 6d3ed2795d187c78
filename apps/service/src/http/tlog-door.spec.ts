import {
  decodeEntryBundle,
  decodeHeadLeaf,
  leafHash,
  parseCheckpoint,
  noteText,
  rootOf,
  tilePath,
  type Checkpoint,
} from '@countersign/chain';
import type { TenantId } from '@countersign/kernel';
import { LedgerService } from '@countersign/ledger';
import { delivered } from '../../../../libs/ledger/src/testing/ledger-fixture.js';
import { startTestService, type TestService } from '../../../../test/support/service.js';

describe('the logs as tlog-tiles', () => {
  let service: TestService;
  let ana: string;
  let acme: TenantId;
  beforeAll(async () => {
    service = await startTestService();
    ana = await service.token('ana@acme');
    const [row] = await service.database.asOwner<{ id: string }>(
      "SELECT id FROM tenant WHERE slug = 'acme'",
    );
    acme = row?.id as TenantId;
    // More than a full tile.
    const drafts = Array.from({ length: 300 }, (_, n) => delivered(`tlog-${n}`));
    await service.service.app.get(LedgerService).append(acme, drafts);
    await service.service.workers.signer.signNow(acme);
    await service.service.workers.heads.runOnce();
  });
  afterAll(() => service.stop());

  const get = (path: string, token?: string, headers: Record<string, string> = {}) =>
    fetch(`${service.url}${path}`, {
      headers: {
        ...headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
  const bytesOf = async (path: string, token?: string): Promise<Buffer> => {
    const response = await get(path, token);
    if (response.status !== 200) throw new Error(`${response.status} ${path}`);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    return Buffer.from(await response.arrayBuffer());
  };
  const checkpointOf = async (prefix: string, token?: string): Promise<Checkpoint> => {
    const response = await get(`${prefix}/checkpoint`, token);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const checkpoint = parseCheckpoint(noteText(await response.text()) ?? '');
    if (checkpoint === null) throw new Error('no checkpoint');
    return checkpoint;
  };

  /** Reads a whole log as any tlog-tiles client does, from nothing but its checkpoint. */
  const readLog = async (prefix: string, token?: string) => {
    const { root, size } = await checkpointOf(prefix, token);
    const entries: Uint8Array[] = [];
    const hashes: Buffer[] = [];
    for (let index = 0n; index * 256n < size; index++) {
      const rest = size - index * 256n;
      const width = rest > 256n ? 256 : Number(rest);
      const bundle = await bytesOf(`${prefix}/${tilePath('entries', index, width)}`, token);
      entries.push(...(decodeEntryBundle(bundle) ?? []));
      const tile = await bytesOf(`${prefix}/${tilePath(0, index, width)}`, token);
      for (let at = 0; at < tile.length; at += 32) hashes.push(tile.subarray(at, at + 32));
    }
    return { root, size, entries, hashes };
  };

  it.each([
    ['a tenant’s, by its slug', () => '/t/acme/log', () => ana],
    ['a tenant’s, by its id', () => `/t/${acme}/log`, () => ana],
    ['the log of heads, without a token', () => '/heads', () => undefined],
  ])('give back the root of the checkpoint: %s', async (_, prefix, token) => {
    const { entries, hashes, root, size } = await readLog(prefix(), token());
    expect(BigInt(entries.length)).toBe(size);
    expect(entries.map((entry) => Buffer.from(leafHash(entry)))).toEqual(hashes);
    expect(Buffer.from(rootOf(hashes))).toEqual(Buffer.from(root));
  });

  it('show in the log of heads how far the tenant’s has come, and no tenant', async () => {
    const { entries } = await readLog('/heads');
    const { origin, root, size } = await checkpointOf('/t/acme/log', ana);
    const heads = entries.map((entry) => decodeHeadLeaf(entry));
    expect(heads).toContainEqual({ ok: true, leaf: { kind: 'head/1', origin, root, size } });
    const text = Buffer.concat(entries).toString('utf8');
    for (const secret of [acme, 'acme', 'globex']) expect(text).not.toContain(secret);
  });

  it('say how long what may be kept, and by whom', async () => {
    const cacheOf = async (path: string, token?: string): Promise<string | null> =>
      (await get(path, token)).headers.get('cache-control');
    expect(await cacheOf('/t/acme/log/checkpoint', ana)).toBe(
      'private, max-age=1, must-revalidate',
    );
    expect(await cacheOf('/t/acme/log/tile/0/000.p/1', ana)).toBe('private, max-age=60');
    for (const full of ['0/000', 'entries/000']) {
      const cache = await cacheOf(`/t/acme/log/tile/${full}`, ana);
      expect(cache).toBe('private, max-age=31536000, immutable');
    }
    expect(await cacheOf('/heads/checkpoint')).toBe('public, max-age=2, must-revalidate');
    const { size } = await checkpointOf('/heads');
    expect(await cacheOf(`/heads/tile/0/000.p/${size}`)).toBe('public, max-age=60');
    expect(await cacheOf('/heads/tile/0/001')).toBeNull();
  });

  it('answer 304 to whoever has it', async () => {
    const first = await get('/heads/tile/0/000.p/1');
    const etag = first.headers.get('etag') ?? '';
    const again = await get('/heads/tile/0/000.p/1', undefined, { 'if-none-match': etag });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
    const other = await get('/heads/tile/0/000.p/2', undefined, { 'if-none-match': etag });
    expect(other.status).toBe(200);
  });

  it('never go beyond the newest published checkpoint', async () => {
    const { size } = await checkpointOf('/heads');
    await service.service.workers.heads.stop();
    await service.database.asOwner(
      `INSERT INTO ledger_log (tenant_id, log_id, origin, opened_at)
       SELECT gen_random_uuid(), gen_random_uuid(), 'test/' || gen_random_uuid(), now() FROM generate_series(1, 300)`,
    );
    const beyond = Number(size) + 1;
    expect((await get(`/heads/tile/0/000.p/${beyond}`)).status).toBe(404);
    expect((await get(`/heads/tile/entries/000.p/${beyond}`)).status).toBe(404);
    await service.service.workers.heads.runOnce();
    expect((await get(`/heads/tile/0/000.p/${beyond}`)).status).toBe(200);
    const full = await get('/heads/tile/0/000');
    expect(full.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(Buffer.from(await full.arrayBuffer())).toHaveLength(8192);
    expect((await bytesOf('/heads/tile/1/000.p/1')).toString('hex')).toBe(
      Buffer.from(rootOf((await readLog('/heads')).hashes.slice(0, 256))).toString('hex'),
    );
    expect((await get('/heads/tile/1/000.p/2')).status).toBe(404);
    expect((await get('/heads/tile/1/000')).status).toBe(404);
  });

  it.each([
    '/heads/tile/0/000.p/0',
    '/heads/tile/0/000.p/256',
    '/heads/tile/0/000.p/01',
    '/heads/tile/0/0',
    '/heads/tile/00/000',
    '/heads/tile/-1/000',
    '/heads/tile/64/000',
    '/heads/tile/entries/%2e%2e/000',
    '/heads/tile/0/000%2ep/1',
    '/heads/tile/..%2f..%2fetc/passwd',
    '/heads/tile/0/x999/x999/x999/x999/x999/x999/x999/999',
    '/heads/tile/data/000',
    '/heads/tile/',
    '/heads/tile',
    '/heads/',
    `/heads/tile/0/${'x001/'.repeat(200)}001`,
  ])('know no such address: %s', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await response.json()).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('tell one tenant nothing of another, nor whether there is one', async () => {
    const answers = await Promise.all(
      ['globex', 'nobody', '00000000-0000-4000-8000-000000000000', '%00', '..%2facme'].map(
        async (tenant) => {
          const response = await get(`/t/${tenant}/log/checkpoint`, ana);
          return [response.status, await response.text()];
        },
      ),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]?.[0]).toBe(404);
    const without = await get('/t/acme/log/checkpoint');
    const nobody = await get('/t/nobody/log/checkpoint');
    expect([without.status, await without.text()]).toEqual([401, await nobody.text()]);
    expect((await get('/t/globex/log/tile/entries/000.p/1', ana)).status).toBe(404);
  });

  it('refuse who may not read the ledger', async () => {
    const omar = await get('/t/acme/log/checkpoint', await service.token('omar'));
    expect([omar.status, ((await omar.json()) as { code: string }).code]).toEqual([
      403,
      'FORBIDDEN',
    ]);
    const forged = await get('/t/acme/log/checkpoint', `${ana}x`);
    expect(forged.status).toBe(401);
    expect(forged.headers.get('www-authenticate')).toBe('Bearer');
  });
});
