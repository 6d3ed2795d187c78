import { readFileSync, readdirSync } from 'node:fs';
import { buildChain, serializeChain } from '../../../../test/support/golden-chain.js';
import {
  COSIGNED_AT,
  goldenHeads,
  headsSigner,
  headsWitness,
} from '../../../../test/support/golden-heads.js';
import { CHAIN_CASES, chainManifest } from '../../../../test/support/chain-cases.js';
import type { ChainCase } from '../../../../test/support/chain-case.js';
import { BUNDLE_RULES } from '../bundle/rules.js';
import { parseVerifierKey } from '../note/keys.js';
import { ChainVerifier, verifyEntries } from './chain-verifier.js';
import { parseExportLine } from './export-line.js';
import type { ChainRecord } from './record.js';
import { ENTRY_RULES, type EntryRule } from './rules.js';
import { verifyExport, type ExportPolicy, type ExportVerdict } from './verify-export.js';

const folder = new URL('../../../../test/fixtures/chains/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const manifest = JSON.parse(read('manifest.json')) as { origin: string; vkey: string };
const policy: ExportPolicy = {
  origin: manifest.origin,
  logKeys: [parseVerifierKey(manifest.vkey)],
};

function verify(name: string, rules?: readonly EntryRule[]): Promise<ExportVerdict> {
  const lines = read(`${name}.jsonl`).trimEnd().split('\n');
  return verifyExport(
    lines.map((line) => Buffer.from(line, 'utf8')),
    rules === undefined ? policy : { ...policy, rules },
  );
}

/** The verdict in the manifest's terms. */
async function verdict(name: string, rules?: readonly EntryRule[]): Promise<object> {
  const result = await verify(name, rules);
  if (result.ok) return { code: null, sequence: null };
  return {
    code: result.code,
    sequence: result.sequence === null ? null : Number(result.sequence),
  };
}

const expected = ({ code, sequence }: ChainCase): object => ({ code, sequence });

describe('the chain fixtures', () => {
  it.each(CHAIN_CASES)('$name is what the generator writes, byte for byte', ({ name, make }) => {
    expect(read(`${name}.jsonl`)).toBe(serializeChain(make()));
  });

  it('are all there, and nothing else', () => {
    const files = [...CHAIN_CASES.map(({ name }) => `${name}.jsonl`), 'manifest.json'];
    expect(readdirSync(folder).sort()).toEqual(files.sort());
    expect(JSON.parse(read('manifest.json'))).toEqual(chainManifest());
  });
});

describe('the worked example of docs/ledger-format.md', () => {
  const page = readFileSync(new URL('../../../../docs/ledger-format.md', import.meta.url), 'utf8');
  const { checkpoint, entries } = buildChain();
  const decoded = (base64: string | null | undefined): string =>
    Buffer.from(base64 ?? 'missing', 'base64').toString('utf8');

  it('shows the bytes and hashes of the golden chain', () => {
    const [first, second] = entries;
    const shown = [
      ...[first?.canonical, second?.canonical, second?.payloadCanonical].map(decoded),
      decoded(second?.evidence?.bytes),
      ...[second?.payloadDigest, second?.evidenceDigest, checkpoint.rootHash, manifest.vkey],
      ...[second?.evidence?.salt, second?.disclosures[0]?.salt],
      ...entries.map((entry) => entry.leafHash),
      ...checkpoint.note.trimEnd().split('\n'),
    ];
    for (const text of shown) expect(page).toContain(text);
  });

  it('shows the log of heads, its witness and its receipt', () => {
    const { leaves, receipt } = goldenHeads();
    const heads = headsSigner.verifier.vkey;
    const shown = [
      `log ${manifest.vkey}\nlog ${heads}\nwitness w1 ${headsWitness.vkey}\nquorum w1\n`,
      `\`\`\`text\n${receipt}\`\`\``,
      `'${String(leaves[1])}'`,
      COSIGNED_AT.toISOString().replace('.000Z', 'Z'),
    ];
    for (const text of shown) expect(page).toContain(text);
  });

  it('names every code of a verdict', () => {
    for (const code of Object.keys(BUNDLE_RULES)) expect(page).toContain(`\`${code}\``);
  });
});

describe('verifyExport', () => {
  it.each(CHAIN_CASES)('$name: $story → $code', async (chain) => {
    expect(await verdict(chain.name)).toEqual(expected(chain));
  });

  it('reports size and root of what it saw, and how far the checkpoint reaches', async () => {
    expect(await verify('golden')).toMatchObject({ ok: true, size: 7n, checkpointSize: 7n });
    const beyond = await verify('golden-beyond-checkpoint');
    expect(beyond).toMatchObject({ ok: true, size: 7n, checkpointSize: 5n });
  });

  it('holds the ledger to a tenant when it is given one', async () => {
    const lines = read('golden.jsonl').trimEnd().split('\n').map(Buffer.from);
    const tenant = '11111111-2222-4333-8444-555555555555';
    expect(await verifyExport(lines, { ...policy, tenant })).toMatchObject({
      code: 'TENANT_MISMATCH',
      sequence: 0n,
    });
  });

  it.each([
    ['no line at all', [], 'CHECKPOINT_MISSING', null],
    ['an entry first', ['golden:1'], 'CHECKPOINT_MISSING', null],
    ['a first line of garbage', ['{}'], 'LINE_MALFORMED', null],
    ['garbage among the entries', ['golden:0', 'golden:1', '{"a":1'], 'LINE_MALFORMED', 1n],
    ['a second checkpoint', ['golden:0', 'golden:0'], 'LINE_MALFORMED', 0n],
  ])('refuses %s', async (_name, parts, code, sequence) => {
    const golden = read('golden.jsonl').split('\n');
    const lines = parts.map((part) =>
      Buffer.from(part.startsWith('golden:') ? (golden[Number(part.slice(7))] ?? '') : part),
    );
    expect(await verifyExport(lines, policy)).toMatchObject({ ok: false, code, sequence });
  });
});

describe('each rule is needed: without it, some chain gets another verdict', () => {
  it.each(Object.keys(ENTRY_RULES))('%s', async (name) => {
    const others = Object.entries(ENTRY_RULES).filter(([other]) => other !== name);
    const rules = others.map(([, rule]) => rule);
    const verdicts = await Promise.all(
      CHAIN_CASES.map(async (chain) => ({ found: await verdict(chain.name, rules), chain })),
    );
    const wrong = verdicts.filter(
      ({ found, chain }) => JSON.stringify(found) !== JSON.stringify(expected(chain)),
    );
    expect(wrong.length).toBeGreaterThan(0);
  });
});

describe('what only a checkpoint can show', () => {
  const lines = (name: string): Buffer[] =>
    read(`${name}.jsonl`)
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => Buffer.from(line, 'utf8'));

  it.each(['tail-truncated', 'history-rewritten', 'last-entry-edited-and-hashed'])(
    '%s: entries alone look good, against the checkpoint they do not',
    async (name) => {
      const verifier = new ChainVerifier();
      for (const line of lines(name)) {
        const parsed = parseExportLine(line);
        if (parsed?.kind === 'entry') verifier.push(parsed.record);
      }
      expect(verifier.finish().ok).toBe(true);
      expect((await verify(name)).ok).toBe(false);
    },
  );
});

describe('ChainVerifier', () => {
  const records = (): ChainRecord[] =>
    read('golden.jsonl')
      .trimEnd()
      .split('\n')
      .flatMap((line) => {
        const parsed = parseExportLine(Buffer.from(line, 'utf8'));
        return parsed?.kind === 'entry' ? [parsed.record] : [];
      });

  it('goes on from where an earlier run ended, and ends at the same head', async () => {
    const whole = await verifyEntries(records());
    const first = await verifyEntries(records().slice(0, 3));
    if (!first.ok || !whole.ok) throw new Error('the golden chain must verify');
    const heads = [{ size: 3n, root: first.root }, whole];
    const second = await verifyEntries(records().slice(3), { from: first.position, heads });
    expect(second).toMatchObject({ ok: true, size: 7n, root: whole.root });
  });

  it('notices a stretch that does not follow, and a head behind the start', async () => {
    const first = await verifyEntries(records().slice(0, 3));
    if (!first.ok) throw new Error('the golden chain must verify');
    const { position, root } = first;
    expect(await verifyEntries(records().slice(4), { from: position })).toMatchObject({
      fault: { code: 'SEQUENCE_MISMATCH', sequence: 3n },
    });
    const heads = [{ size: 2n, root }];
    expect(await verifyEntries([], { from: position, heads })).toMatchObject({
      fault: { code: 'ROOT_MISMATCH' },
    });
  });

  it('keeps reporting the first fault', () => {
    const verifier = new ChainVerifier();
    const [first, , third] = records();
    if (first === undefined || third === undefined) throw new Error('too few entries');
    const fault = { code: 'SEQUENCE_MISMATCH', sequence: 0n };
    expect(verifier.push(third)).toMatchObject(fault);
    expect(verifier.push(first)).toMatchObject(fault);
    expect(verifier.finish()).toMatchObject({ ok: false, fault });
  });
});
