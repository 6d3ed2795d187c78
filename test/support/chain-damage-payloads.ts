import type { BundleFilter } from '@countersign/chain';
import { edited, replaced, type Damage, type Scene } from './chain-damage.js';

interface Line {
  disclosures: { path: string; salt: string; value: unknown; dataSubject: string | null }[];
  evidence?: { bytes: string; mediaType: string; salt: string } | null;
  payload: Record<string, unknown>;
  seq: number;
}

const PATH = 'payload/000.jsonl';

/** Rewrites the payload lines of the first block, keys kept in order: a canonical line stays canonical. */
function lines(
  name: string,
  story: string,
  code: Damage['codes'][number],
  change: (all: Line[], scene: Scene) => Line[] | null,
  request: { evidence?: boolean; filter?: BundleFilter } = {},
): Damage {
  return {
    name,
    story,
    codes: [code],
    make: (scene) => {
      const { bundle, options } = scene;
      const files = bundle(request);
      const text = files.get(PATH)?.toString('utf8') ?? '';
      const all = text.split('\n').filter((line) => line !== '');
      const changed = change(
        all.map((line) => JSON.parse(line) as Line),
        scene,
      );
      if (changed === null) return null;
      // JSON.stringify prints these test values as RFC 8785 does.
      const printed = changed.map((line) => `${JSON.stringify(line)}\n`).join('');
      return { files: replaced(files, { [PATH]: printed === '' ? null : printed }), options };
    },
  };
}

const disclosing = (all: Line[]): Line | undefined =>
  all.find((line) => line.disclosures.length > 0);

/** What is shown beside the entries. */
export const PAYLOAD_DAMAGES: readonly Damage[] = [
  lines(
    'payload edited',
    'A value in a payload was changed.',
    'PAYLOAD_DIGEST_MISMATCH',
    (all, { random }) => {
      random.pick(all).payload['basis'] = 'inferred';
      return all;
    },
  ),
  lines(
    'payload of another entry',
    'Two entries have each other’s payloads.',
    'PAYLOAD_DIGEST_MISMATCH',
    ([first, second, ...rest]) => {
      if (first === undefined || second === undefined) return null;
      const swap = { payload: second.payload, disclosures: second.disclosures };
      const back = { payload: first.payload, disclosures: first.disclosures };
      return [order({ ...first, ...swap }), order({ ...second, ...back }), ...rest];
    },
  ),
  lines(
    'payload withheld',
    'A line is gone from a payload file.',
    'PAYLOAD_MISSING',
    (all, { random }) => all.filter((_, i) => i !== 0 || random.chance(0)),
  ),
  lines(
    'last payload withheld',
    'The last line is gone from a payload file.',
    'PAYLOAD_MISSING',
    (all) => all.slice(0, -1),
  ),
  lines('all payloads withheld', 'A payload file is gone.', 'PAYLOAD_MISSING', () => []),
  lines(
    'filter hides a match',
    'An entry that the filter matches is not disclosed.',
    'PAYLOAD_MISSING',
    (all, { random }) => {
      const hidden = random.pick(all.length === 0 ? [null] : all);
      return hidden === null ? null : all.filter((line) => line !== hidden);
    },
    { filter: { sources: ['mlflow/demo'] } },
  ),
  lines(
    'payload shown that the filter does not match',
    'A line is there for an entry that the filter does not match.',
    'PAYLOAD_UNASKED',
    (all, { ledger, bundle }) => {
      const stranger = ledger.entries.find(({ header }) => header.source !== 'mlflow/demo');
      const text = bundle().get(PATH)?.toString('utf8').split('\n') ?? [];
      const line = text.find((one) => one.includes(`"seq":${stranger?.header.seq ?? -1}}`));
      if (stranger === undefined || line === undefined || all.length === 0) return null;
      if (stranger.header.seq >= 256) return null;
      const more = [...all, JSON.parse(line) as Line];
      return more.sort((a, b) => a.seq - b.seq);
    },
    { filter: { sources: ['mlflow/demo'] } },
  ),
  lines('payload shown twice', 'A line stands twice.', 'PAYLOAD_UNASKED', (all) =>
    all.flatMap((line) => [line, line]),
  ),
  lines('disclosure edited', 'A disclosed value was changed.', 'DISCLOSURE_MISMATCH', (all) => {
    const [shown] = disclosing(all)?.disclosures ?? [];
    if (shown === undefined) return null;
    shown.value = 'Beth';
    return all;
  }),
  lines(
    'disclosures swapped',
    'Two disclosures have each other’s values and salts.',
    'DISCLOSURE_MISMATCH',
    (all) => {
      const two = all.filter((line) => line.disclosures.length > 0);
      const [a] = two[0]?.disclosures ?? [];
      const [b] = two[1]?.disclosures ?? [];
      if (a === undefined || b === undefined) return null;
      [a.salt, b.salt] = [b.salt, a.salt];
      [a.value, b.value] = [b.value, a.value];
      return all;
    },
  ),
  lines('disclosure doubled', 'A value is disclosed twice.', 'DISCLOSURE_DUPLICATE', (all) => {
    const line = disclosing(all);
    line?.disclosures.push(...line.disclosures);
    return line === undefined ? null : all;
  }),
  lines(
    'disclosure of an open value',
    'A disclosure points to something that is no commitment.',
    'DISCLOSURE_PATH_UNKNOWN',
    ([first, ...rest]) => {
      if (first === undefined) return null;
      const planted = { dataSubject: null, path: '/basis', salt: '00'.repeat(16), value: 'signed' };
      return [{ ...first, disclosures: [...first.disclosures, planted] }, ...rest];
    },
  ),
  lines(
    'evidence edited',
    'A byte of the received bytes was changed.',
    'EVIDENCE_DIGEST_MISMATCH',
    (all) => {
      const line = all.find(({ evidence }) => evidence !== null);
      if (line?.evidence === undefined || line.evidence === null) return null;
      line.evidence.bytes = Buffer.from('something else').toString('base64');
      return all;
    },
  ),
  lines(
    'evidence planted',
    'Evidence was put beside an entry that names none.',
    'EVIDENCE_UNEXPECTED',
    (all) => {
      const line = all.find(({ evidence }) => evidence === null);
      if (line === undefined) return null;
      line.evidence = { bytes: '', mediaType: 'text/plain', salt: '00'.repeat(16) };
      return all.map(order);
    },
  ),
  lines(
    'evidence left out',
    'bundle.json says that evidence is there; a line has none.',
    'EVIDENCE_UNASKED',
    ([first, ...rest]) => {
      if (first === undefined) return null;
      const { evidence: _evidence, ...bare } = first;
      return [bare, ...rest];
    },
  ),
  lines(
    'evidence nobody asked for',
    'bundle.json says that there is no evidence; a line has some.',
    'EVIDENCE_UNASKED',
    ([first, ...rest]) =>
      first === undefined ? null : [order({ ...first, evidence: null }), ...rest],
    { evidence: false },
  ),
  {
    name: 'payload line re-encoded',
    story: 'A payload line says the same in other bytes.',
    codes: ['PAYLOAD_LINE_MALFORMED'],
    make: ({ bundle, options }) => ({
      files: edited(bundle(), PATH, (text) => text.replace('"payload":{', '"payload": {')),
      options,
    }),
  },
  {
    name: 'payload re-encoded with duplicate keys',
    story: 'A payload reads differently in different readers.',
    codes: ['PAYLOAD_LINE_MALFORMED'],
    make: ({ bundle, options }) => ({
      files: edited(bundle(), PATH, (text) =>
        text.replace('"basis":', '"basis":"signed","basis":'),
      ),
      options,
    }),
  },
];

function order({ disclosures, evidence, payload, seq }: Line): Line {
  return evidence === undefined
    ? { disclosures, payload, seq }
    : { disclosures, evidence, payload, seq };
}
