import { Frontier, noteSigner, privateKeyFromSeed, type EntryHeader } from '@countersign/chain';
import type { ChainCase } from './chain-case.js';
import { buildChain, logSigner, ORIGIN, signedHead, type Chain } from './golden-chain.js';

const TENANT_B = '11111111-2222-4333-8444-555555555555';

/** Chains whose writer or signer did wrong: tree and checkpoint fit the damage, so only its own rule can see it. */
export const FORGED_CHAINS: readonly ChainCase[] = [
  {
    name: 'history-rewritten',
    story: 'Everything from an entry on was redone, except the checkpoint.',
    code: 'ROOT_MISMATCH',
    sequence: 7,
    make: () => ({
      ...forged(3, { type: 'model_alias.deleted' })(),
      checkpoint: buildChain().checkpoint,
    }),
  },
  {
    name: 'foreign-entry',
    story: "An entry of another tenant's was hashed and signed in.",
    code: 'TENANT_MISMATCH',
    sequence: 5,
    make: forged(5, { tenant: TENANT_B }),
  },
  {
    name: 'back-dated',
    story: 'An entry claims to be recorded before the one before it.',
    code: 'RECORDED_AT_DECREASED',
    sequence: 3,
    make: forged(3, { recordedAt: '2026-11-21T05:59:59.000Z' }),
  },
  {
    name: 'sequence-skipped',
    story: 'A sequence was left out by the writer.',
    code: 'SEQUENCE_MISMATCH',
    sequence: 4,
    make: forged(4, { seq: 5 }),
  },
  {
    name: 'link-broken',
    story: 'An entry names another previous hash than that of the entry before.',
    code: 'PREVIOUS_HASH_MISMATCH',
    sequence: 2,
    make: forged(2, { prev: 'a'.repeat(64) }),
  },
  {
    name: 'payload-not-canonical',
    story: 'A payload with white space was hashed and signed in.',
    code: 'PAYLOAD_NOT_CANONICAL',
    sequence: 6,
    make: repaid(6, ':', ': '),
  },
  {
    name: 'payload-with-duplicate-key',
    story: 'A payload with a duplicate key was hashed and signed in.',
    code: 'PAYLOAD_MALFORMED',
    sequence: 6,
    make: repaid(6, '{"actor"', '{"actor":1,"actor"'),
  },
  {
    name: 'payload-of-unknown-version',
    story: 'A payload of version 2 was hashed and signed in.',
    code: 'PAYLOAD_VERSION_UNKNOWN',
    sequence: 6,
    make: repaid(6, '"v":1}', '"v":2}'),
  },
  {
    name: 'entry-not-canonical',
    story: 'An entry with white space was hashed and signed in.',
    code: 'ENTRY_NOT_CANONICAL',
    sequence: 4,
    make: reencoded(4, '"seq":4', '"seq": 4'),
  },
  {
    name: 'entry-with-duplicate-key',
    story: 'An entry with a duplicate key was hashed and signed in.',
    code: 'ENTRY_MALFORMED',
    sequence: 4,
    make: reencoded(4, '{"actor"', '{"actor":"x","actor"'),
  },
  {
    name: 'entry-with-extra-field',
    story: 'An entry with a field of its own was hashed and signed in.',
    code: 'ENTRY_FIELDS',
    sequence: 4,
    make: reencoded(4, '"v":1}', '"v":1,"w":1}'),
  },
  {
    name: 'entry-with-impossible-day',
    story: 'An entry of 31 November was hashed and signed in.',
    code: 'ENTRY_FIELDS',
    sequence: 4,
    make: reencoded(4, '"occurredAt":"2026-11-21', '"occurredAt":"2026-11-31'),
  },
  {
    name: 'entry-of-unknown-kind',
    story: 'An entry of another kind was hashed and signed in.',
    code: 'ENTRY_KIND_UNKNOWN',
    sequence: 4,
    make: reencoded(4, 'audit/1', 'audit/2'),
  },
  {
    name: 'entry-too-large',
    story: 'An entry of more than 65,535 bytes was hashed and signed in.',
    code: 'ENTRY_TOO_LARGE',
    sequence: 4,
    make: reencoded(4, 'delivery-4', 'd'.repeat(65_536)),
  },
  {
    name: 'checkpoint-edited',
    story: 'The size in the signed text was changed.',
    code: 'NOTE_SIGNATURE_INVALID',
    sequence: null,
    make: () => {
      const { checkpoint, entries } = buildChain();
      const note = checkpoint.note.replace('\n7\n', '\n6\n');
      return { checkpoint: { ...checkpoint, size: '6', note }, entries };
    },
  },
  {
    name: 'checkpoint-of-another-key',
    story: 'The checkpoint was signed by a key nobody was told about.',
    code: 'NOTE_UNVERIFIED',
    sequence: null,
    make: () => {
      const signer = noteSigner(ORIGIN, privateKeyFromSeed(Buffer.alloc(32, 43)));
      return {
        checkpoint: signedHead(treeOf(buildChain()), signer),
        entries: buildChain().entries,
      };
    },
  },
  {
    name: 'checkpoint-of-another-log',
    story: 'The key of the log signed the checkpoint of another log.',
    code: 'CHECKPOINT_ORIGIN',
    sequence: null,
    make: () => {
      const chain = buildChain();
      const origin = 'countersign.example/another';
      return { ...chain, checkpoint: signedHead(treeOf(chain), logSigner, origin) };
    },
  },
  {
    name: 'checkpoint-fields-edited',
    story: 'The root shown beside the note is not the signed one.',
    code: 'CHECKPOINT_FIELDS_MISMATCH',
    sequence: null,
    make: () => {
      const { checkpoint, entries } = buildChain();
      return { checkpoint: { ...checkpoint, rootHash: 'c'.repeat(64) }, entries };
    },
  },
];

function forged(sequence: number, header: Partial<EntryHeader>): () => Chain {
  return () => buildChain({ sequence, header: (good) => ({ ...good, ...header }) });
}

function reencoded(sequence: number, from: string, to: string): () => Chain {
  const entry = (bytes: Buffer): Buffer => Buffer.from(bytes.toString('utf8').replace(from, to));
  return () => buildChain({ sequence, entry });
}

function repaid(sequence: number, from: string, to: string): () => Chain {
  const payload = (bytes: Buffer): Buffer => Buffer.from(bytes.toString('utf8').replace(from, to));
  return () => buildChain({ sequence, payload });
}

function treeOf(chain: Chain): Frontier {
  const frontier = Frontier.empty();
  frontier.append(chain.entries.map((line) => Buffer.from(line.leafHash, 'hex')));
  return frontier;
}
