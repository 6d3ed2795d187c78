import { makeScene, type Attempt, type Damage } from '../../../../test/support/chain-damage.js';
import { DAMAGES } from '../../../../test/support/chain-damages.js';
import { MUTANTS, STRUCTURAL, type Mutant } from '../../../../test/support/chain-mutants.js';
import { MemoryBundle } from '../../../../test/support/chain-bundle.js';
import { BUNDLE_RULES, type BundleFaultCode } from './rules.js';
import { verifyBundle } from './verify-bundle.js';
import { verifyBundleSet } from './verify-set.js';

interface Judged {
  readonly verdict: string;
  readonly code: BundleFaultCode | null;
}

async function judge(attempt: Attempt, mutant: Mutant['options'] = {}): Promise<Judged> {
  const options = { ...attempt.options, ...mutant };
  if (attempt.heads === undefined) {
    const { verdict, fault } = await verifyBundle(new MemoryBundle(attempt.files), options);
    return { verdict, code: fault?.code ?? null };
  }
  const tenants = (attempt.alone ?? []).map((files, i) => ({
    name: `bundle ${i}`,
    reader: new MemoryBundle(files),
  }));
  const set = await verifyBundleSet(new MemoryBundle(attempt.heads), tenants, options);
  const first = [set.fault, set.heads.fault, ...set.bundles.map(({ report }) => report.fault)];
  return { verdict: set.verdict, code: first.find((fault) => fault !== null)?.code ?? null };
}

/** Worlds that every kind of damage is done to; a few of them have more than one tile. */
const SEEDS = ['red', 'green', 'blue', 'black', 'white7'];

const scenes = SEEDS.map((seed) => makeScene(seed));
const made = new Map<Damage, Attempt[]>();

/** The damage done to every scene that has a place for it; made once, since keys and signatures cost most here. */
function attempts(damage: Damage): Attempt[] {
  const all =
    made.get(damage) ??
    scenes.map((scene) => damage.make(scene)).filter((attempt) => attempt !== null);
  made.set(damage, all);
  return all;
}

describe('the damage matrix', () => {
  it('has at least 25 kinds, each with a name of its own', () => {
    expect(new Set(DAMAGES.map(({ name }) => name)).size).toBe(DAMAGES.length);
    expect(DAMAGES.length).toBeGreaterThanOrEqual(25);
  });

  it.each(DAMAGES.map((damage) => [damage.name, damage] as const))('%s', async (_name, damage) => {
    const all = attempts(damage);
    expect(all.length).toBeGreaterThan(0);
    for (const attempt of all) {
      const { verdict, code } = await judge(attempt);
      expect(damage.codes).toContain(code);
      expect(verdict).not.toBe('ok');
    }
  });
});

/** Rules that no damage to a bundle breaks as such, and who shows them to work. */
const ELSEWHERE: ReadonlySet<BundleFaultCode> = new Set([
  // Hostile bundles: hostile-bundles.spec.ts.
  ...(['FILE_TOO_LARGE', 'SIZE_TOO_LARGE', 'ENTRY_TOO_LARGE', 'HEADS_NOT_WHOLE'] as const),
  ...(['HEADS_TOO_MANY_LOGS', 'HEAD_UNPROVEN'] as const),
  // The note's own cases: note.spec.ts, checkpoint.spec.ts.
  ...(['NOTE_TOO_LARGE', 'NOTE_MALFORMED', 'NOTE_TOO_MANY_SIGNATURES'] as const),
  ...(['CHECKPOINT_MALFORMED', 'CHECKPOINT_LOG_KEY'] as const),
  // A bundle has no columns, and embeds payloads that are JSON already: golden-chains.spec.ts.
  ...(['COLUMN_MISMATCH', 'PAYLOAD_MALFORMED', 'PAYLOAD_NOT_CANONICAL'] as const),
]);

describe('every rule', () => {
  it.each(Object.keys(BUNDLE_RULES) as BundleFaultCode[])('%s is broken by some damage', (code) => {
    const breaking = DAMAGES.filter(({ codes }) => codes.includes(code));
    expect(breaking.length > 0).toBe(!ELSEWHERE.has(code));
  });

  it.each(
    MUTANTS.filter(({ code }) => !ELSEWHERE.has(code)).map(
      (mutant) => [mutant.code, mutant] as const,
    ),
  )(
    '%s is needed: without it, some damage goes by another name or unseen',
    async (code, mutant) => {
      expect(STRUCTURAL.has(code)).toBe(false);
      const missed: Judged[] = [];
      for (const damage of DAMAGES.filter(({ codes }) => codes.includes(code))) {
        for (const attempt of attempts(damage)) {
          const judged = await judge(attempt, mutant.options);
          if (judged.code === null || !damage.codes.includes(judged.code)) missed.push(judged);
        }
      }
      expect(missed.length).toBeGreaterThan(0);
    },
  );
});
