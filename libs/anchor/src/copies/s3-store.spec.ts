import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from '@20minutes/s3rver';
import { copyFolder, copyName } from './copy-name.js';
import { S3Store, type S3StoreOptions } from './s3-store.js';

const ORIGIN = 'countersign.test/heads/1';

/** s3rver checks signatures and keeps objects; what it lacks, `If-None-Match: *`, is decided before it. */
describe('copies in a bucket', () => {
  let folder: string;
  let server: Server;
  let endpoint: string;
  let puts: IncomingHttpHeaders[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 's3-'));
    puts = [];
    const present = new Set<string>();
    const s3 = new S3rver({
      directory: folder,
      silent: true,
      configureBuckets: [{ name: 'anchors' }],
    });
    // Its token for the next page needs DES, which OpenSSL 3 has no more. Nobody asks for a next page here.
    const { store } = s3;
    const list = store.listObjects.bind(store);
    store.listObjects = async (...asked) => ({ ...(await list(...asked)), isTruncated: false });
    await s3.configureBuckets();
    const answer = s3.callback();
    server = createServer((request, response) => {
      const path = request.url ?? '';
      if (request.method === 'PUT') {
        puts.push(request.headers);
        if (request.headers['if-none-match'] === '*' && present.has(path)) {
          request.resume();
          response.writeHead(412).end();
          return;
        }
        response.once('finish', () => {
          if (response.statusCode === 200) present.add(path);
        });
      }
      void answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  const open = (more: Partial<S3StoreOptions> = {}): S3Store =>
    new S3Store({
      endpoint,
      bucket: 'anchors',
      region: 'us-east-1',
      prefix: 'prod/',
      accessKeyId: 'S3RVER',
      secretAccessKey: 'S3RVER',
      retentionDays: 0,
      now: () => new Date('2026-11-22T00:00:00Z'),
      ...more,
    });

  it('are written once', async () => {
    const name = copyName(ORIGIN, 7n);
    expect(await open().put(name, Buffer.from('seven'))).toBe('stored');
    expect(await open().put(name, Buffer.from('seven'))).toBe('exists-same');
    expect(await open().put(name, Buffer.from('other'))).toBe('exists-other');
  });

  it('are found by the newest, however many there are', async () => {
    expect(await open().newest(copyFolder(ORIGIN))).toBeNull();
    for (const size of [9n, 10n, 2n]) {
      await open().put(copyName(ORIGIN, size), Buffer.from(String(size)));
    }
    await open().put(copyName('another', 11n), Buffer.from('another'));
    const newest = await open().newest(copyFolder(ORIGIN));
    expect(newest?.bytes.toString()).toBe('10');
    expect(newest?.name).toBe(copyName(ORIGIN, 10n));
  });

  it('ask for Object Lock when a retention is set', async () => {
    await open({ retentionDays: 10 }).put(copyName(ORIGIN, 1n), Buffer.from('one'));
    expect(puts[0]).toMatchObject({
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-object-lock-retain-until-date': '2026-12-02T00:00:00.000Z',
      'if-none-match': '*',
    });
  });

  it('fail with a reason when the key is wrong, and when nobody answers', async () => {
    const failed = expect.objectContaining({ code: 'COPY_FAILED' }) as unknown;
    const wrong = open({ secretAccessKey: 'wrong' });
    await expect(wrong.put(copyName(ORIGIN, 1n), Buffer.from('x'))).rejects.toEqual(failed);
    const gone = open({ endpoint: 'http://127.0.0.1:1' });
    await expect(gone.newest(copyFolder(ORIGIN))).rejects.toEqual(failed);
  });
});
