import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTlogPolicy, verifyCheckpoint, parseVerifierKey } from '@countersign/chain';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import type { Output } from '../output.js';
import { finishRotation, rotateKey } from './key.js';
import { openTenant } from './tenant.js';
import { printTrust } from './trust.js';

describe('rotating the signing key by the command line', () => {
  let database: TestDatabase;
  let dataDir: string;
  let keyFile: string;
  const before = { ...process.env };
  beforeAll(async () => {
    database = await createTestDatabase();
    dataDir = await mkdtemp(join(tmpdir(), 'countersign-cli-'));
    keyFile = join(dataDir, 'signing.key');
    Object.assign(process.env, {
      DATABASE_URL: database.url,
      DATA_DIR: dataDir,
      SIGNING_KEY_FILE: keyFile,
      LOG_NAME: 'audit.example',
    });
    await writeFile(keyFile, `${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 });
    await said((output) => openTenant('acme', { admin: 'login:ana' }, output));
    await said((output) => openTenant('globex', { admin: 'login:greg' }, output));
  });
  afterAll(async () => {
    for (const name of [
      'DATABASE_URL',
      'DATA_DIR',
      'SIGNING_KEY_FILE',
      'LOG_NAME',
      'WITNESS_POLICY_FILE',
    ]) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    }
    await database.drop();
    await rm(dataDir, { recursive: true });
  });

  const said = async (command: (output: Output) => Promise<void>): Promise<string> => {
    const lines: string[] = [];
    const output: Output = {
      out: (line) => lines.push(line),
      err: (line) => lines.push(`! ${line}`),
      progress: () => undefined,
    };
    await command(output);
    return lines.join('\n');
  };
  const trust = (vkey = false): Promise<string> =>
    said((output) => printTrust({ tenant: 'acme', vkey }, output));
  const entries = () =>
    database.asOwner<{ n: bigint }>(
      "SELECT count(*) AS n FROM ledger_entry WHERE type = 'ledger.key_rotated'",
    );

  it('has nothing to finish before it began, and trusts one key', async () => {
    await expect(said(finishRotation)).rejects.toThrow('no rotation is under way');
    expect(await trust()).toMatch(/^! .*not open yet.*\nlog audit\.example\/\S+\nquorum none$/);
    expect(await trust(true)).toMatch(/^audit\.example\/[0-9a-f-]{36}\+[0-9a-f]{8}\+\S+$/);
  });

  it('puts a new key first, says so in the log of heads and in each ledger, and keeps both', async () => {
    const old = await trust(true);
    await said((output) => openTenant('initech', { admin: 'login:ira' }, output));
    await database.asOwner(
      "UPDATE ledger_head SET frozen_reason = 'closed' WHERE tenant_id = (SELECT id FROM tenant WHERE slug = 'initech')",
    );
    expect(await said(rotateKey)).toMatch(/! initech: .*closed/);
    const young = await trust(true);
    expect(young).not.toBe(old);
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    const parsed = parseTlogPolicy(`${await trust()}\n`);
    if (!parsed.ok) throw new Error(parsed.detail);
    expect(parsed.policy.logs.map(({ vkey }) => vkey)).toEqual(
      expect.arrayContaining([old, young]),
    );
    expect(parsed.policy.logs.map(({ origin }) => origin.includes('/heads/'))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(await entries()).toEqual([{ n: 2n }]);
    const notes = await database.asOwner<{ note: string }>('SELECT note FROM ledger_checkpoint');
    const origin = old.split('+', 1)[0] ?? '';
    const mine = notes.map(({ note }) => note).filter((note) => note.startsWith(origin));
    for (const vkey of [old, young]) {
      const logKeys = [parseVerifierKey(vkey)];
      expect(mine.map((note) => verifyCheckpoint(note, { origin, logKeys }).ok)).toEqual([true]);
    }
  });

  it('goes on with a rotation that is under way, and records nothing twice', async () => {
    const text = await readFile(keyFile, 'utf8');
    expect(await said(rotateKey)).toContain('under way');
    expect(await readFile(keyFile, 'utf8')).toBe(text);
    expect(await entries()).toEqual([{ n: 2n }]);
    const [leaves] = await database.asOwner<{ n: bigint }>(
      "SELECT count(*) AS n FROM heads_leaf WHERE kind = 'key.rotated/1'",
    );
    expect(leaves).toEqual({ n: 1n });
  });

  it('does not finish while somebody’s newest checkpoint bears the old key alone', async () => {
    const text = await readFile(keyFile, 'utf8');
    const [young = '', old = ''] = text.trim().split('\n');
    await writeFile(keyFile, `${Buffer.alloc(32, 9).toString('base64')}\n${young}\n${old}\n`);
    await expect(said(finishRotation)).rejects.toThrow(/log of heads, acme, globex/);
    await writeFile(keyFile, text);
  });

  it('ends with the new key alone, and shows no key to anybody on the way', async () => {
    const [young = '', old = ''] = (await readFile(keyFile, 'utf8')).trim().split('\n');
    const lines = await said(finishRotation);
    expect(await readFile(keyFile, 'utf8')).toBe(`${young}\n`);
    for (const seed of [young, old]) {
      expect(lines).not.toContain(seed);
      const hex = Buffer.from(seed, 'base64').toString('hex');
      const [found] = await database.asOwner<{ n: bigint }>(
        `SELECT count(*) AS n FROM heads_leaf
         WHERE position($1 IN convert_from(leaf, 'UTF8')) > 0 OR position(decode($2, 'hex') IN leaf) > 0`,
        [seed, hex],
      );
      expect(found).toEqual({ n: 0n });
    }
    expect((await trust()).split('\n').filter((line) => line.startsWith('log '))).toHaveLength(2);
  });

  it('prints the witnesses of the configured policy', async () => {
    const policy = join(dataDir, 'witnesses.policy');
    const line =
      'witness w1 witness.example/w1+f2e73717+BEUIoHqpQXB/PrLblMiJeoCywRl0drbeITrCc999hsT/';
    await writeFile(policy, `${line}\nquorum w1\n`);
    process.env['WITNESS_POLICY_FILE'] = policy;
    const text = await trust();
    expect(text).toContain(`${line}\nquorum w1`);
    await writeFile(policy, 'quorum w1\n');
    await expect(trust()).rejects.toThrow(/witnesses\.policy/);
  });
});
