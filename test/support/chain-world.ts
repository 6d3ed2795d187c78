import {
  cosigner,
  noteSigner,
  privateKeyFromSeed,
  signRotation,
  type BundleFilter,
  type BundleOptions,
  type Cosigner,
  type NoteSigner,
  type TlogPolicy,
} from '@countersign/chain';
import type { BundleRequest } from './chain-bundle.js';
import { TestHeads } from './chain-heads.js';
import { TestLedger } from './chain-ledger.js';
import { Random } from './chain-random.js';

/** Ledgers of some tenants, their log of heads, its witnesses, and what an auditor pins of them. */
export interface World {
  readonly random: Random;
  readonly ledgers: readonly TestLedger[];
  /** Sizes of each ledger whose head is in the log of heads, ascending; the last is its own size. */
  readonly published: readonly (readonly number[])[];
  readonly heads: TestHeads;
  readonly policy: TlogPolicy;
}

export interface WorldOptions {
  readonly tenants?: number;
  /** Entries of each ledger; random when left out. */
  readonly entries?: number;
  readonly witnesses?: number;
}

/** A good world; real keys, made from the seed. */
export function makeWorld(seed: string, options: WorldOptions = {}): World {
  const random = new Random(seed);
  const tenants = options.tenants ?? random.between(1, 3);
  const count = options.witnesses ?? random.pick([0, 1, 3]);
  const witnesses = Array.from({ length: count }, (_, i) =>
    cosigner(`witness-${i}.example`, privateKeyFromSeed(random.fork(`witness ${i}`).bytes(32))),
  );
  const headsOrigin = `countersign.example/heads/${random.bytes(8).toString('hex')}`;
  const heads = new TestHeads(headsOrigin, keysOf(headsOrigin, random.fork('heads')), witnesses);
  const ledgers = Array.from({ length: tenants }, (_, i) => makeLedger(random.fork(`ledger ${i}`)));
  const published = ledgers.map(() => [] as number[]);
  for (const { origin } of ledgers) {
    heads.add({ kind: 'log.opened/1', openedAt: '2026-11-21T06:00:00.000Z', origin });
  }
  ledgers.forEach((ledger, i) => {
    const total = options.entries ?? sizeOf(random);
    for (let rounds = random.between(1, 3); rounds > 0; rounds--) {
      ledger.grow(rounds === 1 ? total - ledger.size : random.below(total - ledger.size + 1));
      if (ledger.size === published[i]?.at(-1)) continue;
      published[i]?.push(ledger.size);
      const { origin, size } = ledger;
      heads.add({ kind: 'head/1', origin, root: ledger.root(), size: BigInt(size) });
    }
  });
  rotate(heads);
  return { random, ledgers, published, heads, policy: policyOf(ledgers, heads, witnesses) };
}

/** Mostly a handful; now and then across the border of a tile. */
function sizeOf(random: Random): number {
  if (random.chance(8)) return random.pick([255, 256, 257, 512, 513]);
  return random.between(1, 12);
}

function makeLedger(random: Random): TestLedger {
  const origin = `countersign.example/${random.bytes(8).toString('hex')}`;
  return new TestLedger(random.uuid(), origin, keysOf(origin, random.fork('keys')), random);
}

/** One key, or two during a rotation: the current one first. */
function keysOf(origin: string, random: Random): NoteSigner[] {
  const count = random.chance(25) ? 2 : 1;
  return Array.from({ length: count }, () =>
    noteSigner(origin, privateKeyFromSeed(random.bytes(32))),
  );
}

function rotate(heads: TestHeads): void {
  const [current, old] = heads.signers;
  if (current === undefined || old === undefined) return;
  heads.add(signRotation(old, current.verifier, '2026-11-21T08:00:00.000Z'));
}

export function policyOf(
  ledgers: readonly TestLedger[],
  heads: TestHeads,
  witnesses: readonly Cosigner[],
): TlogPolicy {
  const logs = [...ledgers, heads].flatMap(({ origin, signers }) =>
    signers.map((signer) => ({ vkey: signer.verifier.vkey, origin })),
  );
  const named = witnesses.map(({ vkey }, i) => ({ name: `w${i}`, vkey }));
  const threshold = Math.min(2, named.length);
  const group = { name: 'enough', threshold, members: named.map(({ name }) => name) };
  return {
    logs,
    witnesses: named,
    groups: named.length === 0 ? [] : [group],
    quorum: named.length === 0 ? 'none' : 'enough',
  };
}

/** A request for a random bundle of a ledger of the world, and what its reader knows beforehand. */
export function randomRequest(
  world: World,
  which: number,
  random: Random,
): { request: BundleRequest; options: BundleOptions } {
  const ledger = world.ledgers[which];
  const sizes = world.published[which] ?? [];
  if (ledger === undefined) throw new Error('no such ledger');
  const size = random.pick(sizes);
  const whole = random.chance(60);
  const from = whole ? 0 : random.below(size + 1);
  const to = whole ? size : random.between(from, size);
  const earlier = sizes.filter((known) => known <= size);
  const kept = random.pick(earlier);
  const request: BundleRequest = {
    ...{ size, from, to, heads: world.heads },
    payloads: random.pick(['all', 'none'] as const),
    evidence: false,
    filter: random.chance(35) ? randomFilter(random) : null,
    ...(random.chance(40) ? { since: random.pick(earlier) } : {}),
    disclose: (entry, path) => (entry.header.seq + path.length) % 3 > 0 || whole,
  };
  const evidence = request.payloads === 'all' && random.chance(50);
  // What lies outside of the range cannot show the tree at every earlier size.
  const known = whole && random.chance(50) ? ledger.checkpoint(kept) : undefined;
  return { request: { ...request, evidence }, options: { policy: world.policy, known } };
}

function randomFilter(random: Random): BundleFilter {
  return random.pick<BundleFilter>([
    { types: ['promotion.*'] },
    { types: ['model.registered', 'lineage.*'] },
    { subjects: ['model/card-fraud/*'] },
    { actor: 'user:1', sources: ['mlflow/demo'] },
    { recordedFrom: '2026-11-21T06:00:03.000Z', occurredTo: '2026-11-21T06:00:09.000Z' },
    { actor: 'nobody' },
  ]);
}
