import { sha256Hex } from '@countersign/chain';
import { ledgerBundle } from './chain-bundle.js';
import { announcing, replaced, signedBundle, type Damage, type Scene } from './chain-damage.js';
import type { TestLedger } from './chain-ledger.js';

type Header = TestLedger['entries'][number]['header'];

/** One entry of the ledger changed by its own operator, who then redid and signed everything that follows. */
function rewritten(
  name: string,
  story: string,
  code: Damage['codes'][number],
  change: (header: Header, scene: Scene) => Partial<Header>,
): Damage {
  return {
    name,
    story,
    codes: [code],
    make: (scene) => {
      const { ledger, random, options } = scene;
      const at = random.between(1, ledger.size - 1);
      const forged = ledger.rewritten(at, (good) =>
        good.seq === at ? { ...good, ...change(good, scene) } : good,
      );
      return { files: signedBundle(scene, forged), options };
    },
  };
}

/** The bytes of one entry replaced by what the strict reader must refuse; hashed, signed and announced. */
function reencoded(
  name: string,
  code: Damage['codes'][number],
  change: (text: string) => string,
): Damage {
  return {
    name: `entry ${name}`,
    story: `An entry was hashed and signed in that is ${name}.`,
    codes: [code],
    make: (scene) => {
      const { ledger, random, options } = scene;
      const at = random.below(ledger.size);
      const forged = ledger.rewritten(
        at,
        (good) => good,
        (bytes, seq) => (seq === at ? Buffer.from(change(bytes.toString('utf8'))) : bytes),
      );
      return { files: signedBundle(scene, forged), options };
    },
  };
}

/** A payload that the operator hashed into its entry. */
function repaid(
  name: string,
  code: Damage['codes'][number],
  change: (text: string) => string,
): Damage {
  return {
    name: `payload ${name}`,
    story: `A payload was hashed and signed in that is ${name}.`,
    codes: [code],
    make: (scene) => {
      const { ledger, options } = scene;
      const forged = ledger.truncated(ledger.size - 1);
      const draft = ledger.draft();
      forged.append({
        ...draft,
        payload: Buffer.from(change(draft.payload.toString('utf8'))),
        disclosures: [],
      });
      return { files: signedBundle(scene, forged), options };
    },
  };
}

/** An operator with the database and the keys: tree, checkpoint and heads fit the damage. */
export const FORGED_DAMAGES: readonly Damage[] = [
  rewritten(
    'back-dated',
    'An entry claims to be recorded before the one before it; everything was redone.',
    'RECORDED_AT_DECREASED',
    () => ({ recordedAt: '2020-01-01T00:00:00.000Z' }),
  ),
  rewritten(
    'sequence skipped',
    'The writer left out a sequence.',
    'SEQUENCE_MISMATCH',
    (header) => ({ seq: header.seq + 1 }),
  ),
  rewritten(
    'link broken',
    'An entry names another one before it than the tree has: two versions of one entry.',
    'PREVIOUS_HASH_MISMATCH',
    () => ({ prev: sha256Hex('another version') }),
  ),
  rewritten(
    "other tenant's entry",
    'An entry of another tenant was hashed and signed in.',
    'TENANT_MISMATCH',
    (_header, { other }) => ({ tenant: other.tenant }),
  ),
  {
    name: "other tenant's entry pasted at the tail",
    story: 'The bytes of an entry of another tenant follow the last one.',
    codes: ['TENANT_MISMATCH'],
    make: (scene) => {
      const { ledger, other, options } = scene;
      const forged = ledger.truncated(ledger.size);
      const [stolen] = other.entries;
      if (stolen === undefined) return null;
      forged.appendBytes(stolen.canonical, stolen);
      return { files: signedBundle(scene, forged), options };
    },
  },
  {
    name: 'link broken at the start of a range',
    story: 'The first entry of a range names another one before it.',
    codes: ['PREVIOUS_HASH_MISMATCH'],
    make: (scene) => {
      const { ledger, options, random } = scene;
      const at = ledger.size > 256 ? 256 : random.between(1, ledger.size - 1);
      const forged = ledger.rewritten(at, (good) =>
        good.seq === at ? { ...good, prev: sha256Hex('another') } : good,
      );
      return { files: signedBundle(scene, forged, { from: at }), options };
    },
  },
  reencoded('not canonical', 'ENTRY_NOT_CANONICAL', (text) => text.replace('"v":1', '"v": 1')),
  reencoded('escaped where it need not be', 'ENTRY_NOT_CANONICAL', (text) =>
    text.replace('"type":"', '"type":"\\u0078'),
  ),
  reencoded('of two actors', 'ENTRY_MALFORMED', (text) => text.replace('{', '{"actor":"x",')),
  reencoded('of another kind', 'ENTRY_KIND_UNKNOWN', (text) => text.replace('audit/1', 'audit/2')),
  reencoded('of a field more', 'ENTRY_FIELDS', (text) => text.replace('"v":1}', '"v":1,"w":1}')),
  reencoded('of an impossible day', 'ENTRY_FIELDS', (text) =>
    text.replace(/"occurredAt":"\d{4}-\d\d-\d\d/, '"occurredAt":"2026-02-30'),
  ),
  reencoded('no JSON at all', 'ENTRY_MALFORMED', () => 'nothing'),
  repaid('not canonical', 'PAYLOAD_LINE_MALFORMED', (text) => text.replace('{', '{ ')),
  repaid('of version 2', 'PAYLOAD_VERSION_UNKNOWN', (text) => text.replace('"v":1}', '"v":2}')),
  {
    name: 'rewritten and signed',
    story: 'History was redone and its new checkpoint signed; the log of heads was not.',
    codes: ['HEAD_NOT_INCLUDED'],
    make: ({ world, ledger, options, bundle, random }) => {
      const forged = ledger.rewritten(random.below(ledger.size), (good) => ({
        ...good,
        actor: 'u',
      }));
      const files = ledgerBundle(forged, { evidence: true, heads: world.heads });
      const proof = bundle().get('heads/head.tlog-proof') ?? Buffer.alloc(0);
      return { files: replaced(files, { 'heads/head.tlog-proof': proof }), options };
    },
  },
  {
    name: 'rewritten, signed and announced',
    story: 'History and the log of heads were redone and signed; no witness cosigned.',
    codes: ['QUORUM_NOT_MET'],
    make: ({ world, ledger, options, random }) => {
      const forged = ledger.rewritten(random.below(ledger.size), (good) => ({
        ...good,
        actor: 'u',
      }));
      const heads = announcing(world.heads, forged);
      const alone = Object.assign(heads, { witnesses: [] });
      return { files: ledgerBundle(forged, { heads: alone }), options };
    },
  },
  {
    name: 'everything redone',
    story: 'History was redone with everybody’s help; the auditor kept a checkpoint.',
    codes: ['KNOWN_ROOT_MISMATCH'],
    make: (scene) => {
      const { ledger, options, random } = scene;
      const at = random.below(ledger.size);
      const forged = ledger.rewritten(at, (good) => ({ ...good, actor: 'u' }));
      const known = ledger.checkpoint(random.between(at + 1, ledger.size));
      return { files: signedBundle(scene, forged), options: { ...options, known } };
    },
  },
];
