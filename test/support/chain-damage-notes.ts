import {
  cosigner,
  noteSigner,
  privateKeyFromSeed,
  signCheckpoint,
  type NoteSigner,
} from '@countersign/chain';
import { headsBundle, ledgerBundle } from './chain-bundle.js';
import { edited, replaced, stampOf, textOf, type Damage, type Scene } from './chain-damage.js';
import { TestLedger } from './chain-ledger.js';

const stranger = (name: string): NoteSigner =>
  noteSigner(name, privateKeyFromSeed(Buffer.alloc(32, 99)));

/** The bundle with another checkpoint of the log of heads, and the proof made to name it. */
function withHeadsNote(scene: Scene, change: (note: string) => string): Map<string, Buffer> {
  const files = scene.bundle();
  const note = textOf(files, 'heads/checkpoint');
  const proof = textOf(files, 'heads/head.tlog-proof').replace(note, change(note));
  return replaced(files, {
    'heads/checkpoint': change(note),
    'heads/head.tlog-proof': proof,
    'heads/anchors/test-authority.tsr': stampOf(change(note)),
  });
}

/** Checkpoints, cosignatures, time stamps and proofs. */
export const NOTE_DAMAGES: readonly Damage[] = [
  {
    name: 'checkpoint of an unknown key',
    story: 'Somebody signed under the name of the log.',
    codes: ['NOTE_UNVERIFIED'],
    make: ({ ledger, bundle, options }) => {
      const checkpoint = ledger.checkpoint(ledger.size, [stranger(ledger.origin)]);
      return { files: replaced(bundle(), { checkpoint }), options };
    },
  },
  {
    name: 'key id swapped',
    story: 'The signature of a stranger bears the id of the pinned key.',
    codes: ['NOTE_SIGNATURE_INVALID'],
    make: ({ ledger, bundle, options }) => {
      const [signer] = ledger.signers;
      const forger = { ...stranger(ledger.origin), keyId: signer?.keyId ?? '' };
      const checkpoint = ledger.checkpoint(ledger.size, [forger]);
      return { files: replaced(bundle(), { checkpoint }), options };
    },
  },
  {
    name: 'key id of nobody',
    story: 'The good signature bears the id of another key.',
    codes: ['NOTE_UNVERIFIED'],
    make: ({ ledger, bundle, options }) => {
      const signers = ledger.signers.map((signer) => ({ ...signer, keyId: '00000000' }));
      const checkpoint = ledger.checkpoint(ledger.size, signers);
      return { files: replaced(bundle(), { checkpoint }), options };
    },
  },
  {
    name: 'log identity swapped',
    story: 'A ledger of somebody’s own, signed by his own key, with a policy file beside it.',
    codes: ['LOG_NOT_PINNED'],
    make: ({ ledger, options, random }) => {
      const origin = 'countersign.example/0000000000000000';
      const own = new TestLedger(ledger.tenant, origin, [stranger(origin)], random);
      own.grow(3);
      const policy = `log ${own.signers[0]?.verifier.vkey ?? ''}\nquorum none\n`;
      return { files: replaced(ledgerBundle(own), { policy }), options };
    },
  },
  {
    name: 'checkpoint of another pinned log',
    story: 'The checkpoint beside the ledger is of another tenant’s.',
    codes: ['NOTE_UNVERIFIED'],
    make: ({ other, bundle, options }) => ({
      files: replaced(bundle(), { checkpoint: other.checkpoint() }),
      options,
    }),
  },
  {
    name: 'checkpoint text of another log',
    story: 'The key of the log signed the text of another log.',
    codes: ['CHECKPOINT_ORIGIN'],
    make: ({ ledger, other, bundle, options }) => {
      const head = { origin: other.origin, size: BigInt(ledger.size), root: ledger.root() };
      return {
        files: replaced(bundle(), { checkpoint: signCheckpoint(head, ledger.signers) }),
        options,
      };
    },
  },
  {
    name: 'size edited in the checkpoint',
    story: 'A number in the signed text was changed.',
    codes: ['NOTE_SIGNATURE_INVALID'],
    make: ({ ledger, bundle, options }) => ({
      files: edited(bundle(), 'checkpoint', (text) =>
        text.replace(`\n${ledger.size}\n`, `\n${ledger.size - 1}\n`),
      ),
      options,
    }),
  },
  {
    name: 'log of heads shown as a ledger',
    story: 'The log of heads is presented as a tenant’s ledger.',
    codes: ['LOG_KIND'],
    make: ({ world, ledger, options }) => ({
      files: edited(headsBundle(world.heads), 'bundle.json', (text) =>
        text
          .replace('"kind":"heads"', '"kind":"tenant"')
          .replace('"tenant":null', `"tenant":"${ledger.tenant}"`),
      ),
      options,
    }),
  },
  {
    name: 'old checkpoint replayed',
    story: 'The ledger was rolled back to an earlier state, with all that was signed then.',
    codes: ['ROLLED_BACK'],
    make: ({ ledger, options, bundle, earlier }) =>
      earlier === null
        ? null
        : { files: bundle({ size: earlier }), options: { ...options, known: ledger.checkpoint() } },
  },
  {
    name: 'kept checkpoint of a stranger',
    story: 'The checkpoint that the auditor kept is none of this log.',
    codes: ['KNOWN_UNVERIFIED'],
    make: ({ ledger, options, bundle }) => {
      const known = ledger.checkpoint(ledger.size, [stranger(ledger.origin)]);
      return { files: bundle(), options: { ...options, known } };
    },
  },
  {
    name: 'kept checkpoint out of reach',
    story: 'The range shows no tiles that lead on from the kept checkpoint.',
    codes: ['KNOWN_UNPROVEN'],
    make: ({ ledger, options, bundle }) =>
      ledger.size <= 257
        ? null
        : {
            files: bundle({ from: 257 }),
            options: { ...options, known: ledger.checkpoint(255) },
          },
  },
  {
    name: 'proof of consistency edited',
    story: 'A hash in the middle of the proof is another one.',
    codes: ['CONSISTENCY_BROKEN'],
    make: ({ ledger, bundle, options, random }) => {
      const since = random.between(1, ledger.size - 1);
      const files = bundle({ since });
      const proof = textOf(files, 'consistency').split('\n').slice(0, -1);
      proof[Math.floor(proof.length / 2)] = Buffer.alloc(32, 1).toString('base64');
      return { files: replaced(files, { consistency: `${proof.join('\n')}\n` }), options };
    },
  },
  {
    name: 'proof of consistency of other lines',
    story: 'The proof is no list of hashes.',
    codes: ['CONSISTENCY_MALFORMED'],
    make: ({ ledger, bundle, options }) => ({
      files: replaced(bundle({ since: ledger.size - 1 }), { consistency: 'AAAA\n' }),
      options,
    }),
  },
  {
    name: 'earlier checkpoint of another history',
    story: 'The log signed two histories; the earlier checkpoint is of the other one.',
    codes: ['CONSISTENCY_BROKEN'],
    make: ({ ledger, bundle, options, random }) => {
      const since = random.between(1, ledger.size - 1);
      const forged = ledger.rewritten(0, (good) => ({ ...good, actor: 'u' }));
      const files = replaced(bundle({ since }), { 'checkpoint.old': forged.checkpoint(since) });
      return { files, options };
    },
  },
  {
    name: 'earlier checkpoint of another log',
    story: 'The earlier checkpoint is another tenant’s.',
    codes: ['OLD_CHECKPOINT_INVALID'],
    make: ({ other, bundle, options }) => ({
      files: replaced(bundle({ since: 1 }), { 'checkpoint.old': other.checkpoint(1) }),
      options,
    }),
  },
  {
    name: 'cosignature forged',
    story: 'A stranger cosigned in the name of a witness, whose key id he took.',
    codes: ['HEADS_CHECKPOINT_INVALID'],
    make: (scene) => ({
      files: withHeadsNote(scene, (note) => {
        const [first = '', second = ''] = note.split('\n').slice(-4, -2);
        const taken = Buffer.from(first.split(' ')[2] ?? '', 'base64');
        const from = Buffer.from(second.split(' ')[2] ?? '', 'base64');
        const forged = Buffer.concat([taken.subarray(0, 4), from.subarray(4)]);
        return note.replace(taken.toString('base64'), forged.toString('base64'));
      }),
      options: scene.options,
    }),
  },
  {
    name: 'cosignature of another checkpoint',
    story: 'A witness did cosign, an earlier checkpoint.',
    codes: ['HEADS_CHECKPOINT_INVALID'],
    make: (scene) => {
      const { heads } = scene.world;
      const older = heads
        .checkpoint(heads.size - 1)
        .split('\n')
        .slice(-4);
      return {
        files: withHeadsNote(scene, (note) =>
          [...note.split('\n').slice(0, -4), ...older].join('\n'),
        ),
        options: scene.options,
      };
    },
  },
  {
    name: 'too few cosignatures',
    story: 'One witness cosigned where the policy asks for two.',
    codes: ['QUORUM_NOT_MET'],
    make: (scene) => ({
      files: withHeadsNote(scene, (note) => `${note.split('\n').slice(0, -3).join('\n')}\n`),
      options: scene.options,
    }),
  },
  {
    name: 'cosignatures of strangers',
    story: 'Enough cosigned, but nobody of the policy.',
    codes: ['QUORUM_NOT_MET'],
    make: (scene) => ({
      files: withHeadsNote(scene, (note) => {
        const bare = `${note.split('\n').slice(0, -4).join('\n')}\n`;
        const own = ['a.example', 'b.example'].map((name, i) =>
          cosigner(name, privateKeyFromSeed(Buffer.alloc(32, i))),
        );
        return bare + own.map((witness) => witness.cosign(bare, new Date(0))).join('');
      }),
      options: scene.options,
    }),
  },
  {
    name: 'time stamp over other bytes',
    story: 'A good time stamp of another checkpoint.',
    codes: ['TIMESTAMP_INVALID'],
    make: ({ bundle, options, other }) => ({
      files: replaced(bundle(), {
        'heads/anchors/test-authority.tsr': stampOf(other.checkpoint()),
      }),
      options,
    }),
  },
  {
    name: 'head not in the log of heads',
    story: 'The proof is of another leaf.',
    codes: ['HEAD_NOT_INCLUDED'],
    make: ({ bundle, options }) => ({
      files: edited(bundle(), 'heads/head.tlog-proof', (text) =>
        text.replace(/index \d+/, (line) => (line === 'index 0' ? 'index 1' : 'index 0')),
      ),
      options,
    }),
  },
  {
    name: 'head proven under another checkpoint',
    story: 'The proof names another checkpoint than the one that was cosigned.',
    codes: ['HEAD_PROOF_CHECKPOINT'],
    make: ({ world, bundle, options }) => {
      const files = bundle();
      const note = textOf(files, 'heads/checkpoint');
      const bare = world.heads.checkpoint(world.heads.size, []);
      return {
        files: edited(files, 'heads/head.tlog-proof', (text) => text.replace(note, bare)),
        options,
      };
    },
  },
  {
    name: 'head proof of other lines',
    story: 'The proof is none.',
    codes: ['HEAD_PROOF_MALFORMED'],
    make: ({ bundle, options }) => ({
      files: edited(bundle(), 'heads/head.tlog-proof', (text) => text.replace('@v1', '@v2')),
      options,
    }),
  },
  {
    name: 'proof of the head left out',
    story: 'The part about the log of heads is gone.',
    codes: ['HEADS_MISSING'],
    make: ({ bundle, options }) => ({ files: bundle({ heads: null, stamps: new Map() }), options }),
  },
  {
    name: 'another log of heads',
    story: 'The head is in a log of heads that nobody pinned.',
    codes: ['HEADS_NOT_PINNED'],
    make: ({ world, bundle, options }) => {
      const origin = 'countersign.example/heads/0000000000000000';
      const copy = Object.assign(world.heads.copy(), { origin, signers: [stranger(origin)] });
      return { files: bundle({ heads: copy, stamps: new Map() }), options };
    },
  },
  {
    name: 'two entries as the log of heads',
    story: 'The checkpoint of the log of heads is that of a pinned ledger.',
    codes: ['HEADS_CHECKPOINT_INVALID'],
    make: ({ other, bundle, options }) => ({
      files: replaced(bundle(), { 'heads/checkpoint': other.checkpoint() }),
      options,
    }),
  },
];
