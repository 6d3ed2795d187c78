import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { Cleanup } from './support/cleanup.js';
import { Installation } from './support/installation.js';
import { interopDir } from './support/rigs.js';
import { until } from './support/until.js';
import { WebhookLoad } from './support/webhook-load.js';
import { WitnessProcess } from './support/witness-process.js';

const PLACE = 'restore';
const DELIVERIES = 40;

describe('an old backup restored under two running witnesses', () => {
  const cleanup = new Cleanup();
  const policyFile = (): string => join(interopDir(), PLACE, 'witnesses.policy');
  let installation: Installation;
  let door: { webhookUrl: string; secret: string };
  let oldOrigin: string;

  beforeAll(async () => {
    installation = cleanup.add(await Installation.create(PLACE), (it) => it.close());
    await installation.start();
    door = await source();
    oldOrigin = await until('a log of heads', headsOrigin, (origin) => origin !== '');
    await installation.stop();
    await witnesses();

    await start();
    await send();
    await witnessed();
    await installation.stop();
    await inDatabase('postgres', 'CREATE DATABASE backup TEMPLATE countersign');

    await start();
    await send();
    await witnessed();
    await installation.stop();
    await inDatabase('postgres', 'DROP DATABASE countersign WITH (FORCE)');
    await inDatabase('postgres', 'ALTER DATABASE backup RENAME TO countersign');
    // Only the witnesses are left to tell.
    rmSync(join(interopDir(), PLACE, 'anchors'), { recursive: true });
    installation.launch({ WITNESS_POLICY_FILE: policyFile() });
    await until('the service to answer', readyz, ({ status }) => status === 503);
  });
  afterAll(() => cleanup.run());

  const start = (): Promise<void> => installation.start({ WITNESS_POLICY_FILE: policyFile() });

  async function source(): Promise<{ webhookUrl: string; secret: string }> {
    const { createSource } = await installation
      .person('tara@acme')
      .ask(
        `mutation { createSource(input: { kind: MLFLOW, name: "load" }) { secret source { webhookUrl } } }`,
      );
    return { webhookUrl: createSource.source.webhookUrl, secret: createSource.secret };
  }

  async function witnesses(): Promise<void> {
    const log = await installation.verifierKey(oldOrigin);
    const lines = [`log ${log}`];
    for (const name of ['w1', 'w2']) {
      const witness = await WitnessProcess.start(PLACE, name, [log]);
      cleanup.add(witness, (it) => it.stop());
      lines.push(witness.policyLine);
    }
    writeFileSync(
      policyFile(),
      `${[...lines, 'group both all w1 w2', 'quorum both'].join('\n')}\n`,
    );
  }

  async function send(): Promise<void> {
    await new WebhookLoad(door, DELIVERIES).run(4);
  }

  async function inDatabase(name: string, sql: string): Promise<Record<string, unknown>[]> {
    const url = new URL(installation.database.ownerUrl);
    url.pathname = `/${name}`;
    const client = new pg.Client({ connectionString: url.toString() });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async function headsOrigin(): Promise<string> {
    const [row] = await inDatabase(
      'countersign',
      'SELECT origin FROM heads_log ORDER BY opened_at DESC LIMIT 1',
    );
    const origin = row?.['origin'];
    return typeof origin === 'string' ? origin : '';
  }

  /** Everything that is recorded lies in a checkpoint that both cosigned. */
  async function witnessed(): Promise<void> {
    await until(
      'both witnesses to have cosigned all that was recorded',
      () =>
        inDatabase(
          'countersign',
          `SELECT (SELECT sum(size) FROM ledger_head) = (SELECT sum(s) FROM (SELECT max(tree_size) AS s FROM heads_leaf
             WHERE kind = 'head/1' GROUP BY origin) n)
           AND (SELECT max(size) FROM heads_publication WHERE quorum) = (SELECT size FROM heads_head) AS done`,
        ),
      ([row]) => row?.['done'] === true,
    );
  }

  async function readyz(): Promise<{ status: number; text: string }> {
    const response = await fetch(`${installation.url}/readyz`);
    return { status: response.status, text: await response.text() };
  }

  it('is read-only from the start and says why', async () => {
    expect((await readyz()).text).toContain('STORE_BEHIND');
    const metrics = await (await fetch(`${installation.url}/metrics`)).text();
    expect(metrics).toContain('countersign_read_only 1');
  });

  it('refuses events with the reason', async () => {
    const load = new WebhookLoad(door, 1);
    const [delivery] = load.deliveries;
    if (delivery === undefined) throw new Error('no delivery');
    const refused = await load.post(delivery);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(await refused.json()).toMatchObject({
      code: 'READ_ONLY',
      detail: expect.stringContaining('rolled back') as string,
      hint: expect.any(String) as string,
    });
  });

  it('explains itself to the operator and changes nothing', async () => {
    const { status, stdout, stderr } = await installation.cli('recover');
    expect([status, stdout]).toEqual([2, expect.stringContaining('STORE_BEHIND')]);
    expect(stderr).toContain('--accept-gap');
    expect(await headsOrigin()).toBe(oldOrigin);
  });

  it('goes on under new origins after the operator accepted the gap', async () => {
    const accepted = await installation.cli(
      'recover',
      '--accept-gap',
      '--reason',
      'restored a backup',
    );
    expect([accepted.status, accepted.stderr]).toEqual([0, expect.any(String)]);
    await installation.ready();
    await send();
    const { entries } = await installation
      .person('ana@acme')
      .ask(
        '{ entries(filter: { types: ["ledger.gap_recorded"] }, first: 5) { nodes { sequence } } }',
      );
    expect(entries.nodes).toHaveLength(1);
    const origins = await inDatabase(
      'countersign',
      'SELECT origin FROM heads_log ORDER BY opened_at',
    );
    expect(origins).toHaveLength(2);
    const live = await installation.cli('verify', '--live', '--tenant', 'acme');
    expect([live.status, live.stdout]).toEqual([0, expect.stringContaining('OK')]);
    expect((await installation.cli('recover')).status).toBe(0);
  });
});
