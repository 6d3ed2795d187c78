import { sha256Hex } from '@countersign/chain';
import { ledgerBundle, listed } from './chain-bundle.js';
import type { TestLedger } from './chain-ledger.js';
import { edited, flipped, replaced, textOf, type Damage, type Scene } from './chain-damage.js';

const entriesPath = ({ ledger }: Scene): string =>
  ledger.size < 256 ? `tile/entries/000.p/${ledger.size}` : 'tile/entries/000';
const tilePath = (scene: Scene): string => entriesPath(scene).replace('entries', '0');
const bytesAt = (scene: Scene, path: string): Buffer => scene.bundle().get(path) ?? Buffer.alloc(0);

/** Whoever can change the files of a bundle and has no key. */
export const FILE_DAMAGES: readonly Damage[] = [
  {
    name: 'entry edited',
    story: 'A byte of an entry was changed.',
    codes: ['LEAF_HASH_MISMATCH'],
    make: (scene) => {
      const path = entriesPath(scene);
      const files = scene.bundle();
      return {
        files: replaced(files, { [path]: flipped(bytesAt(scene, path), 20) }),
        options: scene.options,
      };
    },
  },
  {
    name: 'entry edited, its hash redone',
    story: 'An entry was changed, and the hash in its tile with it.',
    codes: ['ROOT_MISMATCH', 'TILE_MISMATCH'],
    make: (scene) => {
      const { ledger, options } = scene;
      const at = scene.random.below(Math.min(ledger.size, 256));
      const forged = ledger.rewritten(at, (good) => good, rename(at));
      const files = scene.bundle();
      const theirs = signedParts(scene, forged);
      return { files: replaced(files, theirs), options };
    },
  },
  {
    name: 'history rewritten, all hashes redone',
    story:
      'Everything from an entry on was redone, with every tile; the checkpoint is the old one.',
    codes: ['ROOT_MISMATCH'],
    make: ({ ledger, bundle, options, random }) => {
      const at = random.below(ledger.size);
      const forged = ledger.rewritten(at, (good) => ({ ...good, actor: 'user:9' }));
      const checkpoint = bundle().get('checkpoint') ?? null;
      const files = bundle();
      for (const [path, bytes] of whole(forged)) files.set(path, bytes);
      return { files: replaced(files, { checkpoint }), options };
    },
  },
  {
    name: 'middle entry deleted',
    story: 'An entry is gone from its bundle.',
    codes: ['ENTRY_COUNT'],
    make: (scene) => {
      const path = entriesPath(scene);
      const bytes = bytesAt(scene, path);
      const rest = bytes.subarray(2 + bytes.readUInt16BE(0));
      return { files: replaced(scene.bundle(), { [path]: rest }), options: scene.options };
    },
  },
  {
    name: 'entries swapped',
    story: 'Two entries changed places.',
    codes: ['LEAF_HASH_MISMATCH'],
    make: (scene) => {
      const path = entriesPath(scene);
      const bytes = bytesAt(scene, path);
      const first = 2 + bytes.readUInt16BE(0);
      const second = first + 2 + bytes.readUInt16BE(first);
      const swapped = Buffer.concat([
        bytes.subarray(first, second),
        bytes.subarray(0, first),
        bytes.subarray(second),
      ]);
      return { files: replaced(scene.bundle(), { [path]: swapped }), options: scene.options };
    },
  },
  {
    name: 'tail cut from the files',
    story: 'The last entries are gone, and bundle.json says so; the checkpoint still covers them.',
    codes: ['MANIFEST_SIZE'],
    make: ({ ledger, bundle, options }) => {
      const cut = ledger.truncated(ledger.size - 1);
      const files = whole(cut);
      for (const [path, bytes] of bundle()) {
        if (/^(?:checkpoint|heads)/.test(path)) files.set(path, bytes);
      }
      return { files: listed(files), options };
    },
  },
  {
    name: 'tile edited',
    story: 'A hash in a tile was changed.',
    codes: ['ROOT_MISMATCH', 'TILE_MISMATCH'],
    make: (scene) => {
      const path = tilePath(scene);
      const files = replaced(scene.bundle(), { [path]: flipped(bytesAt(scene, path), 40) });
      return { files, options: scene.options };
    },
  },
  {
    name: 'full tile edited',
    story: 'A hash in a full tile was changed.',
    codes: ['TILE_MISMATCH'],
    make: (scene) => {
      if (scene.ledger.size < 256) return null;
      const path = 'tile/0/000';
      const files = replaced(scene.bundle(), { [path]: flipped(bytesAt(scene, path), 40) });
      return { files, options: scene.options };
    },
  },
  {
    name: 'tile cut short',
    story: 'A tile has fewer hashes than its name says.',
    codes: ['TILE_LENGTH'],
    make: (scene) => {
      const path = tilePath(scene);
      const files = replaced(scene.bundle(), { [path]: bytesAt(scene, path).subarray(32) });
      return { files, options: scene.options };
    },
  },
  {
    name: 'file gone',
    story: 'A listed file is not there.',
    codes: ['FILE_MISSING'],
    make: (scene) => {
      const files = scene.bundle();
      files.delete(scene.random.pick([tilePath(scene), entriesPath(scene), 'checkpoint']));
      return { files, options: scene.options };
    },
  },
  {
    name: 'file and its line gone',
    story: 'A file is not there, and files.sha256 does not list it.',
    codes: ['FILE_UNLISTED'],
    make: (scene) => {
      const path = scene.random.pick([tilePath(scene), entriesPath(scene)]);
      return { files: replaced(scene.bundle(), { [path]: null }), options: scene.options };
    },
  },
  {
    name: 'file nobody listed',
    story: 'A file lies beside those of the bundle.',
    codes: ['FILE_EXTRA'],
    make: ({ bundle, options }) => ({
      files: bundle().set('payload/../../etc/cron.d/x', Buffer.from('x')),
      options,
    }),
  },
  {
    name: 'file listed that the format does not know',
    story: 'A file was put in, and a line for it.',
    codes: ['FILE_UNLISTED'],
    make: ({ bundle, options }) => {
      const files = bundle();
      const line = `${sha256Hex('x')}  tile/entries/999\n`;
      files.set('tile/entries/999', Buffer.from('x'));
      files.set('files.sha256', Buffer.from(textOf(files, 'files.sha256') + line));
      return { files, options };
    },
  },
  {
    name: 'lines of files.sha256 in another order',
    story: 'Two lines changed places.',
    codes: ['FILE_UNLISTED'],
    make: ({ bundle, options }) => {
      const files = bundle();
      const [first, second, ...rest] = textOf(files, 'files.sha256').split('\n');
      files.set('files.sha256', Buffer.from([second, first, ...rest].join('\n')));
      return { files, options };
    },
  },
  {
    name: 'digest not redone',
    story: 'bundle.json was changed; files.sha256 still has its old digest.',
    codes: ['FILE_DIGEST'],
    make: ({ bundle, options }) => {
      const files = bundle();
      const text = textOf(files, 'bundle.json').replace('countersign test', 'countersign toast');
      return { files: files.set('bundle.json', Buffer.from(text)), options };
    },
  },
  {
    name: 'files.sha256 with another line',
    story: 'A line of files.sha256 is no line of sha256sum.',
    codes: ['INDEX_MALFORMED'],
    make: ({ bundle, options }) => {
      const files = bundle();
      const text = textOf(files, 'files.sha256').replace('  checkpoint', ' *checkpoint');
      return { files: files.set('files.sha256', Buffer.from(text)), options };
    },
  },
  {
    name: 'bundle.json with another member',
    story: 'bundle.json says something that this format does not know.',
    codes: ['MANIFEST_MALFORMED'],
    make: ({ bundle, options }) => ({
      files: edited(bundle(), 'bundle.json', (text) => text.replace('{', '{"allow":true,')),
      options,
    }),
  },
];

function rename(at: number): (canonical: Buffer, seq: number) => Buffer {
  return (canonical, seq) =>
    seq === at
      ? Buffer.from(canonical.toString('utf8').replace('"actor":"u', '"actor":"U'))
      : canonical;
}

/** What of a forged ledger's bundle lies below `tile/`. */
function signedParts(scene: Scene, forged: TestLedger): Record<string, Buffer> {
  const path = entriesPath(scene);
  const forgedFiles = whole(forged);
  const tile = path.replace('entries', '0');
  return {
    [path]: forgedFiles.get(path) ?? Buffer.alloc(0),
    [tile]: forgedFiles.get(tile) ?? Buffer.alloc(0),
  };
}

function whole(ledger: TestLedger): Map<string, Buffer> {
  return ledgerBundle(ledger, { evidence: true });
}
