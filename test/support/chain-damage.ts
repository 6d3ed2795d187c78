import type { BundleFaultCode, BundleOptions, TimestampVerdict } from '@countersign/chain';
import { sha256Hex } from '@countersign/chain';
import { ledgerBundle, listed, type BundleFiles, type BundleRequest } from './chain-bundle.js';
import type { TestHeads } from './chain-heads.js';
import type { TestLedger } from './chain-ledger.js';
import type { Random } from './chain-random.js';
import { makeWorld, type World } from './chain-world.js';

/** What an auditor is handed, and with what he judges it. */
export interface Attempt {
  readonly files: BundleFiles;
  readonly options: BundleOptions;
  /** A bundle of the log of heads, when all are judged together; `files` may then be left out of the set. */
  readonly heads?: BundleFiles;
  readonly alone?: readonly BundleFiles[];
}

/** A kind of damage, and what a verifier must call it. */
export interface Damage {
  readonly name: string;
  /** What was done, as a sentence. */
  readonly story: string;
  readonly codes: readonly BundleFaultCode[];
  /** Null when this world has no place for it. */
  readonly make: (scene: Scene) => Attempt | null;
}

/** A world, the ledger that is damaged, and choices. */
export interface Scene {
  readonly world: World;
  readonly ledger: TestLedger;
  readonly other: TestLedger;
  readonly random: Random;
  readonly options: BundleOptions;
  /** A good bundle of the ledger, with everything that a bundle can hold. */
  readonly bundle: (request?: BundleRequest) => BundleFiles;
  /** The largest size before its last that the ledger published, if any. */
  readonly earlier: number | null;
}

export function makeScene(seed: string): Scene {
  const size = seed.endsWith('7') ? 257 + seed.length : 4 + (seed.length % 3);
  const world = makeWorld(seed, { tenants: 2, entries: size, witnesses: 3 });
  const [ledger, other] = world.ledgers;
  if (ledger === undefined || other === undefined) throw new Error('two ledgers were asked for');
  const stamp = stampOf(world.heads.checkpoint());
  const stamps = new Map([['test-authority', stamp]]);
  return {
    world,
    ledger,
    other,
    random: world.random.fork('damage'),
    options: { policy: world.policy, verifyTimestamp: verifyStamp },
    bundle: (request) =>
      ledgerBundle(ledger, { evidence: true, heads: world.heads, stamps, ...request }),
    earlier: world.published[0]?.at(-2) ?? null,
  };
}

/** Files with some of them replaced (or taken out, by null) and `files.sha256` made to fit. */
export function replaced(
  files: BundleFiles,
  changes: Readonly<Record<string, Buffer | string | null>>,
): BundleFiles {
  const copy = new Map(files);
  for (const [path, content] of Object.entries(changes)) {
    if (content === null) copy.delete(path);
    else copy.set(path, Buffer.from(content));
  }
  return listed(copy);
}

/** A text file rewritten. */
export function edited(
  files: BundleFiles,
  path: string,
  edit: (text: string) => string,
): BundleFiles {
  return replaced(files, { [path]: edit(textOf(files, path)) });
}

export function textOf(files: BundleFiles, path: string): string {
  return files.get(path)?.toString('utf8') ?? '';
}

export function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

/** The world's log of heads, in which this ledger's head is announced too: its operator is part of the game. */
export function announcing(heads: TestHeads, ledger: TestLedger): TestHeads {
  const copy = heads.copy();
  const { origin, size } = ledger;
  copy.add({ kind: 'head/1', origin, root: ledger.root(), size: BigInt(size) });
  return copy;
}

/** The bundle of a forged ledger whose operator signed it, announced it, and had it cosigned: only rules are left. */
export function signedBundle(
  scene: Scene,
  forged: TestLedger,
  request?: BundleRequest,
): BundleFiles {
  const heads = announcing(scene.world.heads, forged);
  return ledgerBundle(forged, { evidence: true, heads, ...request });
}

/** A time stamp of a test authority that everybody trusts: the digest of what it covers. */
export function stampOf(note: string): Buffer {
  return Buffer.from(`stamp ${sha256Hex(note)}`);
}

export function verifyStamp(token: Uint8Array, bytes: Uint8Array): TimestampVerdict {
  const good = Buffer.from(token).equals(Buffer.from(`stamp ${sha256Hex(bytes)}`));
  const at = new Date(Date.UTC(2026, 10, 21, 13));
  return good ? { ok: true, at } : { ok: false, detail: 'a token over other bytes' };
}
