import fc from 'fast-check';
import { signCheckpoint } from '../note/checkpoint.js';
import { noteSigner, privateKeyFromSeed } from '../note/keys.js';
import { cosigner } from './cosignature.js';
import { policyKeys, verifyWithPolicy } from './policy-check.js';
import { formatTlogPolicy, parseTlogPolicy, type PolicyCode } from './policy-text.js';
import { quorumMet, type TlogPolicy } from './policy.js';

const seed = (byte: number): ReturnType<typeof privateKeyFromSeed> =>
  privateKeyFromSeed(Buffer.alloc(32, byte));
const log = noteSigner('log.example/heads', seed(1));
const tenant = noteSigner('log.example/t1', seed(1));
const witnesses = ['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'].map((name, i) => ({
  name,
  key: cosigner(`witness.example/${name}`, seed(10 + i)),
}));
const vkeyOf = (name: string): string =>
  witnesses.find((witness) => witness.name === name)?.key.vkey ?? '';

// The example of C2SP tlog-policy, with keys filled in.
const EXAMPLE = [
  `log ${log.verifier.vkey}`,
  '',
  `witness X1 ${vkeyOf('X1')}`,
  `witness X2 ${vkeyOf('X2')}`,
  `witness X3 ${vkeyOf('X3')}`,
  'group X-witnesses 2 X1 X2 X3',
  '',
  `witness Y1 ${vkeyOf('Y1')}`,
  `witness Y2 ${vkeyOf('Y2')}`,
  `witness Y3 ${vkeyOf('Y3')}`,
  'group Y-witnesses any Y1 Y2 Y3',
  '',
  'group X-and-Y all X-witnesses Y-witnesses',
  'quorum X-and-Y',
  '',
].join('\n');

function read(text: string): TlogPolicy {
  const parsed = parseTlogPolicy(text);
  if (!parsed.ok) throw new Error(`${parsed.code} in line ${parsed.line}: ${parsed.detail}`);
  return parsed.policy;
}

const met = (policy: TlogPolicy, ...names: string[]): boolean => quorumMet(policy, new Set(names));

describe('the example of the specification', () => {
  const policy = read(EXAMPLE);
  it('reads', () => {
    expect(policy.logs).toEqual([{ vkey: log.verifier.vkey, origin: log.name }]);
    expect(policy.witnesses.map(({ name }) => name)).toEqual(['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3']);
    expect(policy.groups.map(({ threshold }) => threshold)).toEqual([2, 1, 2]);
    expect(policy.quorum).toBe('X-and-Y');
  });
  it('wants two of X and one of Y', () => {
    for (let bits = 0; bits < 64; bits++) {
      const names = witnesses.filter((_, i) => (bits >> i) & 1).map(({ name }) => name);
      const x = names.filter((name) => name.startsWith('X')).length;
      expect(met(policy, ...names)).toBe(x >= 2 && names.length > x);
    }
  });
  it('counts neither a name twice, nor names of groups, nor unknown ones', () => {
    expect(met(policy, 'X1', 'X1', 'Y1')).toBe(false);
    expect(met(policy, 'X-and-Y')).toBe(false);
    expect(met(policy, 'X-witnesses', 'Y-witnesses')).toBe(false);
    expect(met(policy, 'X1', 'Z1', 'Y1')).toBe(false);
  });
});

describe('parseTlogPolicy takes', () => {
  const accepted: [string, string][] = [
    ['quorum none alone', 'quorum none\n'],
    ['no line feed at the end', 'quorum none'],
    ['tabs and spaces anywhere', ` \tlog\t ${log.verifier.vkey} \t\n\t quorum  none  \n`],
    ['comments and blank lines', '# a\n   # b\n\n \t\nquorum none\n'],
    [
      'URLs',
      `log ${log.verifier.vkey} https://a/b\nwitness w ${vkeyOf('X1')} https://w\nquorum w\n`,
    ],
    ['names in other scripts', `witness zürich ${vkeyOf('X1')}\nquorum zürich\n`],
    ['a group of one', `witness w ${vkeyOf('X1')}\ngroup g 1 w\nquorum g\n`],
    ['lines behind the quorum', `quorum none\nlog ${log.verifier.vkey}\n`],
    [
      'two keys of one log',
      `log ${log.verifier.vkey}\nlog ${noteSigner(log.name, seed(9)).verifier.vkey}\nquorum none\n`,
    ],
    [
      'two logs with one key, which the specification does not',
      `log ${log.verifier.vkey}\nlog ${tenant.verifier.vkey}\nquorum none\n`,
    ],
  ];
  it.each(accepted)('%s', (_name, text) => {
    expect(parseTlogPolicy(text)).toMatchObject({ ok: true });
  });

  it('what it printed, and prints the same', () => {
    const policy = read(EXAMPLE);
    const text = formatTlogPolicy(policy);
    expect(read(text)).toEqual(policy);
    expect(formatTlogPolicy(read(text))).toBe(text);
  });
});

const w = (name: string, key = name): string => `witness ${name} ${vkeyOf(key)}\n`;
const refused: [string, string, PolicyCode, number][] = [
  ['no quorum', `log ${log.verifier.vkey}\n`, 'POLICY_QUORUM', 0],
  ['nothing', '', 'POLICY_QUORUM', 0],
  ['two quorum lines', 'quorum none\nquorum none\n', 'POLICY_QUORUM', 2],
  ['a quorum defined below', `quorum X1\n${w('X1')}`, 'POLICY_NAME_UNKNOWN', 1],
  ['an unknown quorum', 'quorum X1\n', 'POLICY_NAME_UNKNOWN', 1],
  ['a member defined below', `group g any X1\n${w('X1')}quorum g\n`, 'POLICY_NAME_UNKNOWN', 1],
  ['a group in itself', `${w('X1')}group g any X1 g\nquorum g\n`, 'POLICY_NAME_UNKNOWN', 2],
  ['none as a member', `${w('X1')}group g any X1 none\nquorum g\n`, 'POLICY_NAME_UNKNOWN', 2],
  ['a witness called none', `witness none ${vkeyOf('X1')}\nquorum none\n`, 'POLICY_NAME_TAKEN', 1],
  ['a name twice', `${w('X1')}${w('X1', 'X2')}quorum X1\n`, 'POLICY_NAME_TAKEN', 2],
  ['a group called as a witness', `${w('X1')}group X1 any X1\nquorum X1\n`, 'POLICY_NAME_TAKEN', 2],
  [
    'a witness key under two names',
    `${w('X1')}${w('X2', 'X1')}quorum X1\n`,
    'POLICY_DUPLICATE_KEY',
    2,
  ],
  [
    'a witness key under another key name',
    `${w('X1')}witness X2 ${cosigner('other', seed(10)).vkey}\nquorum X1\n`,
    'POLICY_DUPLICATE_KEY',
    2,
  ],
  [
    'a log twice',
    `log ${log.verifier.vkey}\nlog ${log.verifier.vkey}\nquorum none\n`,
    'POLICY_DUPLICATE_KEY',
    2,
  ],
  ['a member twice', `${w('X1')}group g any X1 X1\nquorum g\n`, 'POLICY_MEMBER_TWICE', 2],
  [
    'a member of two groups',
    `${w('X1')}${w('X2')}group a any X1\ngroup b all X1 X2\nquorum b\n`,
    'POLICY_MEMBER_TWICE',
    4,
  ],
  ['a threshold of 0', `${w('X1')}group g 0 X1\nquorum g\n`, 'POLICY_THRESHOLD', 2],
  ['a threshold beyond the members', `${w('X1')}group g 2 X1\nquorum g\n`, 'POLICY_THRESHOLD', 2],
  ['a threshold with a leading zero', `${w('X1')}group g 01 X1\nquorum g\n`, 'POLICY_THRESHOLD', 2],
  ['a negative threshold', `${w('X1')}group g -1 X1\nquorum g\n`, 'POLICY_THRESHOLD', 2],
  ['a threshold of 1.0', `${w('X1')}group g 1.0 X1\nquorum g\n`, 'POLICY_THRESHOLD', 2],
  ['a group without members', `${w('X1')}group g any\nquorum g\n`, 'POLICY_FIELDS', 2],
  ['a log without key', 'log\nquorum none\n', 'POLICY_FIELDS', 1],
  ['a witness without key', 'witness X1\nquorum none\n', 'POLICY_FIELDS', 1],
  ['a word too many on a log', `log ${log.verifier.vkey} a b\nquorum none\n`, 'POLICY_FIELDS', 1],
  ['a word too many on the quorum', 'quorum none none\n', 'POLICY_FIELDS', 1],
  ['a comment behind words', 'quorum none # all\n', 'POLICY_FIELDS', 1],
  ['a witness’s key for a log', `log ${vkeyOf('X1')}\nquorum none\n`, 'POLICY_KEY', 1],
  ['a log’s key for a witness', `witness w ${log.verifier.vkey}\nquorum none\n`, 'POLICY_KEY', 1],
  ['a key that is none', 'log x\nquorum none\n', 'POLICY_KEY', 1],
  ['an unknown keyword', 'logs x\nquorum none\n', 'POLICY_KEYWORD', 1],
  ['a keyword in capitals', 'QUORUM none\n', 'POLICY_KEYWORD', 1],
  ['carriage returns', 'quorum none\r\n', 'POLICY_CHARACTER', 1],
  ['a NUL', 'quorum none\n\0\n', 'POLICY_CHARACTER', 2],
  ['a vertical tab', 'quorum\vnone\n', 'POLICY_CHARACTER', 1],
  ['what was no UTF-8', '# \ufffd\nquorum none\n', 'POLICY_CHARACTER', 1],
  ['more than 4 MiB', '#'.repeat(4 * 1024 * 1024 + 1), 'POLICY_TOO_LARGE', 0],
];

describe('parseTlogPolicy refuses', () => {
  it.each(refused)('%s', (_name, text, code, line) => {
    expect(parseTlogPolicy(text)).toMatchObject({ ok: false, code, line });
  });

  it('never by throwing', () => {
    const word = fc.constantFrom(
      ...[
        'log',
        'witness',
        'group',
        'quorum',
        'none',
        'any',
        'all',
        '2',
        'X1',
        'g',
        '#',
        ' ',
        '\n',
      ],
      ...[vkeyOf('X1'), log.verifier.vkey, '\t', '\r', ''],
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 20 }), (words) => {
        expect(typeof parseTlogPolicy(words.join(' ')).ok).toBe('boolean');
      }),
      { numRuns: 1000 },
    );
  });

  const mutants: [string, (text: string) => boolean][] = [
    ['counts a witness key under two names', (text) => parseTlogPolicy(dropDuplicate(text)).ok],
    [
      'takes a log’s key for a witness',
      (text) => parseTlogPolicy(text.replace(/^witness w .*\n/m, '')).ok,
    ],
    ['cuts comments off behind words', (text) => parseTlogPolicy(text.replace(/ #.*/g, '')).ok],
    ['repairs line ends', (text) => parseTlogPolicy(text.replaceAll('\r', '')).ok],
    ['lets a threshold be 0', (text) => parseTlogPolicy(text.replace('group g 0', 'group g 1')).ok],
  ];
  const dropDuplicate = (text: string): string => text.replace(/^witness X2 .*\n/m, '');
  it.each(mutants)('so a reader that %s is caught', (_name, mutant) => {
    expect(refused.some(([, text]) => mutant(text))).toBe(true);
  });
});

it('a policy that could not be read back is not printed', () => {
  const policy = read(EXAMPLE);
  const invalid = expect.objectContaining({ code: 'POLICY_INVALID' });
  expect(() => formatTlogPolicy({ ...policy, quorum: 'nobody' })).toThrow(invalid);
  expect(() => formatTlogPolicy({ ...policy, witnesses: [] })).toThrow(invalid);
  expect(() => formatTlogPolicy({ ...policy, logs: [{ vkey: 'a\nb', origin: 'a' }] })).toThrow(
    invalid,
  );
});

describe('verifyWithPolicy', () => {
  const policy = read(EXAMPLE);
  const checkpoint = { origin: log.name, size: 9n, root: Buffer.alloc(32, 7) };
  const note = signCheckpoint(checkpoint, [log]);
  const at = new Date('2026-11-21T06:00:00Z');
  const cosigned = (...names: string[]): string =>
    note +
    witnesses
      .filter(({ name }) => names.includes(name))
      .map(({ key }) => key.cosign(note, at))
      .join('');

  it('says who cosigned and whether that is enough', () => {
    const few = verifyWithPolicy(cosigned('X1', 'Y1'), policy, log.name);
    expect(few).toMatchObject({ ok: true, quorum: false, witnesses: new Set(['X1', 'Y1']) });
    const enough = verifyWithPolicy(cosigned('X1', 'X3', 'Y2'), policy, log.name);
    expect(enough).toMatchObject({ ok: true, quorum: true, checkpoint: { size: 9n } });
  });

  it('refuses one false cosignature of a known witness among good ones', () => {
    const stray = witnesses[1]!.key.cosign(signCheckpoint({ ...checkpoint, size: 10n }, [log]), at);
    expect(verifyWithPolicy(cosigned('X1', 'X3', 'Y2') + stray, policy, log.name)).toMatchObject({
      ok: false,
      code: 'NOTE_SIGNATURE_INVALID',
    });
  });

  it('refuses a log that the policy does not know, whoever cosigned', () => {
    const foreign = signCheckpoint({ ...checkpoint, origin: tenant.name }, [tenant]);
    const verdict = verifyWithPolicy(foreign, policy, tenant.name);
    expect(verdict).toMatchObject({ ok: false, code: 'NOTE_UNVERIFIED' });
    expect(policyKeys(policy, tenant.name).logKeys).toEqual([]);
  });

  it('takes either key of a log while its keys change', () => {
    const next = noteSigner(log.name, seed(9));
    const both: TlogPolicy = {
      ...policy,
      logs: [...policy.logs, { vkey: next.verifier.vkey, origin: log.name }],
    };
    for (const signers of [[log], [next], [log, next]]) {
      expect(verifyWithPolicy(signCheckpoint(checkpoint, signers), both, log.name).ok).toBe(true);
    }
  });
});
