import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../until.js';
import { Callers } from './callers.js';
import { headsProblems } from './check-heads.js';
import { LedgerCheck } from './check.js';
import type { Rig } from './rig.js';
import { Seeded } from './seeded.js';

/** Who dies in a round. Of 20 rounds: so many. PostgreSQL costs a crash recovery. */
const VICTIMS = [
  ...Array<'first'>(7).fill('first'),
  ...Array<'second'>(7).fill('second'),
  ...Array<'both'>(2).fill('both'),
  ...Array<'database'>(3).fill('database'),
  'everything',
] as const;
type Victim = (typeof VICTIMS)[number];

/** Acknowledgements of a round before the kill, and the milliseconds by which it then misses their rhythm. */
const ACKNOWLEDGED_MAX = 300;
const OFF_BEAT_MS = 8;

export interface Outcome {
  /** Rounds that were played. */
  readonly rounds: number;
  readonly kills: Readonly<Record<Victim, number>>;
  readonly acknowledged: number;
  /** In words; with `stopAtFirst`, those of the first round that had any. */
  readonly problems: readonly string[];
  readonly callers: Callers;
}

/**
 * Lets 256 callers append through both replicas and, round after round, kills whom the seed says, when as many were
 * acknowledged as the seed says; checks the ledger after each round and wholly at the end.
 */
export async function playRounds(
  rig: Rig,
  options: {
    readonly rounds: number;
    readonly seed: number;
    /** Ends with the first problem, as the check of a mutant does. */
    readonly stopAtFirst?: boolean;
    readonly say?: (line: string) => void;
  },
): Promise<Outcome> {
  const { rounds, say, seed } = options;
  const random = new Seeded(seed);
  const check = new LedgerCheck(rig.database, rig.tenantId, await rig.seal());
  const callers = new Callers(seed, () => rig.replicas);
  const kills = { first: 0, second: 0, both: 0, database: 0, everything: 0 };
  const problems: string[] = [];
  const calling = callers.run();
  let played = 0;
  try {
    while (played < rounds && !(options.stopAtFirst === true && problems.length > 0)) {
      const victim = random.pick(VICTIMS);
      const acknowledged = 1 + random.below(ACKNOWLEDGED_MAX);
      const offBeat = random.below(OFF_BEAT_MS);
      await underLoad(rig, acknowledged);
      await sleep(offBeat);
      await strike(rig, victim);
      kills[victim] += 1;
      played += 1;
      problems.push(...(await settled(rig, check)));
      if (played % 20 === 0) {
        say?.(`round ${played} of ${rounds}: ${callers.acknowledged.size} acknowledged`);
      }
    }
  } finally {
    callers.stop();
    if (problems.length > 0) callers.abort();
  }
  await calling;
  problems.push(...(await atTheEnd(rig, check, callers, problems.length > 0)));
  return { rounds: played, kills, acknowledged: callers.acknowledged.size, problems, callers };
}

/** Both replicas work: each acknowledged something since it began, and so many more were since now. */
async function underLoad(rig: Rig, more: number): Promise<void> {
  const total = (): number => rig.replicas.reduce((sum, replica) => sum + replica.acknowledged, 0);
  const before = total();
  await until(
    'both replicas to acknowledge',
    () => ({
      each: rig.places.map((replica) => replica.acknowledged),
      more: total() - before,
    }),
    (seen) => seen.each.every((count) => count > 0) && seen.more >= more,
    { everyMs: 2 },
  );
}

/** Kills the victims at once and brings them back. */
async function strike(rig: Rig, victim: Victim): Promise<void> {
  const replicas = { first: [0], second: [1], both: [0, 1], database: [], everything: [0, 1] }[
    victim
  ];
  const database = victim === 'database' || victim === 'everything';
  await Promise.all([
    ...replicas.map((place) => rig.places[place]?.kill()),
    database ? rig.postgres.kill() : undefined,
  ]);
  await Promise.all([
    ...replicas.map((place) => rig.replace(place)),
    database ? rig.postgres.startAgain() : undefined,
  ]);
}

/** What can be seen while the callers go on. A connection that died with the database is tried again. */
async function settled(rig: Rig, check: LedgerCheck): Promise<string[]> {
  return until(
    'the database to be read',
    async () => {
      await rig.look();
      return check.advance();
    },
    () => true,
    { everyMs: 50 },
  );
}

async function atTheEnd(
  rig: Rig,
  check: LedgerCheck,
  callers: Callers,
  broken: boolean,
): Promise<string[]> {
  if (!broken) {
    // The last growth is signed too, by whoever lives.
    await until(
      'the log of heads to cover the ledger',
      async () => {
        await rig.look();
        return [...rig.seen.tenant.keys()].at(-1) === BigInt(callers.acknowledged.size);
      },
      (covered) => covered,
      { timeoutMs: 20_000 },
    ).catch(() => undefined); // what is not consistent is not signed; the check says why
  }
  await rig.stopReplicas();
  const origin = await originOf(rig);
  const keys = await rig.verifiers(origin);
  const heads = await headsVerifiers(rig);
  return [
    ...(await check.complete(callers, rig.seen.tenant, keys)),
    ...(await headsProblems(rig.database, rig.tenantId, rig.seen.heads, () => heads)),
  ];
}

async function originOf(rig: Rig): Promise<string> {
  const [row] = await rig.database.read(rig.tenantId, (tx) =>
    tx.query<{ origin: string }>('SELECT origin FROM ledger_log WHERE tenant_id = $1::uuid', [
      tx.tenantId,
    ]),
  );
  return row?.origin ?? '';
}

async function headsVerifiers(rig: Rig): ReturnType<Rig['verifiers']> {
  const [row] = await rig.database.global((db) =>
    db.query<{ origin: string }>('SELECT origin FROM heads_log'),
  );
  return rig.verifiers(row?.origin ?? '');
}
