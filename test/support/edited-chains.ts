import { leafHash, toHex } from '@countersign/chain';
import type { ChainCase } from './chain-case.js';
import { buildChain, type Chain, type Line } from './golden-chain.js';

/** Chains that were damaged where they are stored, after hashing. */
export const EDITED_CHAINS: readonly ChainCase[] = [
  {
    name: 'entry-edited',
    story: 'A word of an entry was changed.',
    code: 'LEAF_HASH_MISMATCH',
    sequence: 3,
    make: edited(3, rename),
  },
  {
    name: 'entry-edited-and-hashed',
    story: 'A word of an entry was changed and its leaf hash redone.',
    code: 'PREVIOUS_HASH_MISMATCH',
    sequence: 4,
    make: edited(3, (line) => {
      rename(line);
      rehash(line);
    }),
  },
  {
    name: 'last-entry-edited-and-hashed',
    story: 'The last entry was changed and its leaf hash redone.',
    code: 'ROOT_MISMATCH',
    sequence: 7,
    make: edited(6, (line) => {
      rename(line);
      rehash(line);
    }),
  },
  {
    name: 'entry-deleted',
    story: 'An entry is gone.',
    code: 'SEQUENCE_MISMATCH',
    sequence: 3,
    make: () => {
      const { checkpoint, entries } = buildChain();
      return { checkpoint, entries: entries.filter((_, i) => i !== 3) };
    },
  },
  {
    name: 'entries-swapped',
    story: 'Two entries changed places.',
    code: 'SEQUENCE_MISMATCH',
    sequence: 4,
    make: () => {
      const { checkpoint, entries } = buildChain();
      const [a, b, c, d, e, f, g] = entries as [Line, Line, Line, Line, Line, Line, Line];
      return { checkpoint, entries: [a, b, c, d, f, e, g] };
    },
  },
  {
    name: 'tail-truncated',
    story: 'The last two entries are gone.',
    code: 'ENTRIES_MISSING',
    sequence: 5,
    make: () => {
      const { checkpoint, entries } = buildChain();
      return { checkpoint, entries: entries.slice(0, 5) };
    },
  },
  {
    name: 'previous-hash-column-edited',
    story: 'The previous hash shown beside an entry was changed.',
    code: 'PREVIOUS_HASH_MISMATCH',
    sequence: 2,
    make: edited(2, (line) => (line.previousHash = 'b'.repeat(64))),
  },
  ...(
    [
      ['actor', (line) => (line.actor.id = 'user:00000000-0000-4000-8000-000000000000')],
      ['type', (line) => (line.type = 'model_alias.deleted')],
      ['subject', (line) => (line.subject = 'model/other')],
      ['source', (line) => (line.source = 'mlflow/other')],
      ['id', (line) => (line.id = '018f3b1c-7a70-7000-8000-000000000099')],
      ['sequence', (line) => (line.sequence = '4')],
      ['occurred-at', (line) => (line.occurredAt = '2026-11-20T06:00:00.000Z')],
      ['recorded-at', (line) => (line.recordedAt = '2026-11-20T06:00:00.000Z')],
      ['payload-digest', (line) => (line.payloadDigest = '0'.repeat(64))],
      ['evidence-digest', (line) => (line.evidenceDigest = '0'.repeat(64))],
    ] as [string, (line: Line) => void][]
  ).map(([column, edit]) => ({
    name: `column-${column}-edited`,
    story: `The ${column} shown beside an entry was changed.`,
    code: 'COLUMN_MISMATCH' as const,
    sequence: 3,
    make: edited(3, edit),
  })),
  {
    name: 'payload-edited',
    story: 'A value in a payload was changed.',
    code: 'PAYLOAD_DIGEST_MISMATCH',
    sequence: 6,
    make: edited(6, (line) => {
      line.payloadCanonical = replaceBase64(line.payloadCanonical ?? '', 'Production', 'Staging');
    }),
  },
  {
    name: 'disclosed-value-edited',
    story: 'A disclosed value was changed.',
    code: 'DISCLOSURE_MISMATCH',
    sequence: 1,
    make: edited(1, (line) => line.disclosures.forEach((d) => (d.value = 'Scores nothing.'))),
  },
  {
    name: 'disclosed-salt-edited',
    story: 'The salt of a disclosed value was changed.',
    code: 'DISCLOSURE_MISMATCH',
    sequence: 2,
    make: edited(2, (line) =>
      line.disclosures.forEach((d) => (d.salt = Buffer.alloc(16).toString('base64'))),
    ),
  },
  {
    name: 'disclosure-moved',
    story: 'A disclosure points to a value that is no commitment.',
    code: 'DISCLOSURE_PATH_UNKNOWN',
    sequence: 1,
    make: edited(1, (line) => line.disclosures.forEach((d) => (d.path = '/basis'))),
  },
  {
    name: 'disclosure-doubled',
    story: 'A disclosure stands twice.',
    code: 'DISCLOSURE_DUPLICATE',
    sequence: 1,
    make: edited(1, (line) => line.disclosures.push(...line.disclosures)),
  },
  {
    name: 'evidence-edited',
    story: 'A byte of the received bytes was changed.',
    code: 'EVIDENCE_DIGEST_MISMATCH',
    sequence: 1,
    make: edited(1, (line) => {
      if (line.evidence !== null) {
        line.evidence.bytes = replaceBase64(line.evidence.bytes, 'created', 'deleted');
      }
    }),
  },
  {
    name: 'evidence-planted',
    story: 'Evidence was put beside an entry that names none.',
    code: 'EVIDENCE_UNEXPECTED',
    sequence: 3,
    make: edited(3, (line) => {
      line.evidence = {
        salt: Buffer.alloc(16).toString('base64'),
        mediaType: 'text/plain',
        bytes: '',
      };
    }),
  },
];

function edited(at: number, edit: (line: Line) => void): () => Chain {
  return () => {
    const chain = buildChain();
    const line = chain.entries[at];
    if (line !== undefined) edit(line);
    return chain;
  };
}

function replaceBase64(text: string, from: string, to: string): string {
  const bytes = Buffer.from(text, 'base64').toString('utf8').replace(from, to);
  return Buffer.from(bytes).toString('base64');
}

function rehash(line: Line): void {
  line.leafHash = toHex(leafHash(Buffer.from(line.canonical, 'base64')));
}

function rename(line: Line): void {
  line.canonical = replaceBase64(line.canonical, 'card-fraud', 'card-frauds');
  line.subject = line.subject.replace('card-fraud', 'card-frauds');
}
