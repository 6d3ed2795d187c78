import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { Cleanup } from './support/cleanup.js';
import { Installation } from './support/installation.js';
import { OpensslTsa } from './support/openssl-tsa.js';
import { run } from './support/run.js';
import { until } from './support/until.js';

interface Stamped {
  readonly note: string;
  readonly evidence: Buffer;
  readonly who: string;
}

describe('time stamps of a real authority', () => {
  const cleanup = new Cleanup();
  let tsa: OpensslTsa;
  let stamped: Stamped;

  beforeAll(async () => {
    tsa = cleanup.add(await OpensslTsa.start(), (it) => it.stop());
    const installation = cleanup.add(await Installation.create('timestamp'), (it) => it.close());
    await installation.start({ TSA_URL: tsa.url, TSA_CERTIFICATE_FILE: tsa.caFile });
    const client = new pg.Client({ connectionString: installation.database.ownerUrl });
    await client.connect();
    cleanup.add(client, (it) => it.end());
    const [row] = await until(
      'a time stamp to be stored',
      async () =>
        (
          await client.query<Stamped>(
            `SELECT c.note, a.evidence, a.who FROM heads_anchor a
             JOIN heads_checkpoint c ON c.log_id = a.log_id AND c.size = a.size WHERE a.kind = 'timestamp'`,
          )
        ).rows,
      (rows) => rows.length > 0,
    );
    if (row === undefined) throw new Error('no time stamp');
    stamped = row;
  });
  afterAll(() => cleanup.run());

  async function opensslSays(note: string): Promise<string> {
    const [data, token] = ['note', 'token.tsr'].map((name) => join(tsa.folder, name));
    writeFileSync(data ?? '', note);
    writeFileSync(token ?? '', stamped.evidence);
    const ran = await run('openssl', [
      ...['ts', '-verify', '-data', data ?? '', '-in', token ?? '', '-CAfile', tsa.caFile],
    ]);
    return `${ran.stdout}${ran.stderr}`;
  }

  it('are accepted by openssl ts -verify over the checkpoint as the log signed it', async () => {
    expect(await opensslSays(stamped.note)).toContain('Verification: OK');
  });

  it('are refused by it for a checkpoint that was changed', async () => {
    expect(await opensslSays(`${stamped.note}x`)).toContain('Verification: FAILED');
  });

  it('name the authority and were made once', () => {
    expect(stamped.who).toBe('127.0.0.1');
    expect(tsa.answered).toBe(1);
    expect(readFileSync(tsa.caFile, 'utf8')).toContain('BEGIN CERTIFICATE');
  });
});
