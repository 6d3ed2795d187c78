import type { DatasetReads, MatchedInput, TrackingContext } from './tracking-context.js';
import type { TrackingRun } from './tracking-run.js';
import { versionUrn } from './node-ref.js';
import { worse, type BindingQuality } from './vocabulary.js';

export interface BoundVersion {
  readonly version: string;
  readonly binding: BindingQuality;
}

/**
 * The versions behind a training run's datasets, keyed by `dataset role`. A dataset that is absent, or has no
 * versions, is known by name only.
 *
 * With a captured run id the reads of that session decide. Without one, an application is taken for the run's own
 * when it read, inside of the run's time, exactly the version that the snapshot tag states; its other reads then
 * tell the versions of the other datasets. A version is never moved from one role to another.
 */
export function resolveDatasets(
  run: TrackingRun,
  matched: readonly MatchedInput[],
  context: TrackingContext,
): Map<string, readonly BoundVersion[]> {
  const result = new Map<string, readonly BoundVersion[]>();
  const guessed = guessedApplications(run, matched, context);
  const nearby = context.nearby.filter((read) => guessed.has(read.application));
  for (const dataset of datasetsOf(matched)) {
    const roles = new Set(matched.filter((m) => m.dataset === dataset).map((m) => m.input.role));
    const joined = versionsRead(context.joined, dataset);
    const found = joined.length > 0 ? joined : asGuess(versionsRead(nearby, dataset));
    for (const role of roles) {
      result.set(`${dataset} ${role ?? ''}`, forRole(run, role, roles.size, found));
    }
    const tagged = byTag(run, dataset, context);
    if (found.length === 0 && roles.has('training') && tagged !== null) {
      result.set(`${dataset} training`, [tagged]);
    }
  }
  return result;
}

/** Several versions of one table were read: the tag tells which one was trained on; the others are not. */
function forRole(
  run: TrackingRun,
  role: string | null,
  roleCount: number,
  found: readonly BoundVersion[],
): readonly BoundVersion[] {
  if (found.length <= 1) return found;
  const tagged = found.filter((bound) => bound.version === run.snapshotTag);
  if (role === 'training') {
    if (tagged.length > 0) return tagged;
    return roleCount === 1 ? asGuess(found) : [];
  }
  if (roleCount === 1) return asGuess(found);
  return tagged.length > 0 && found.length === 2
    ? asGuess(found.filter((bound) => bound.version !== run.snapshotTag))
    : [];
}

/** Applications that read a training dataset at the tagged version while the run was going on. */
function guessedApplications(
  run: TrackingRun,
  matched: readonly MatchedInput[],
  context: TrackingContext,
): ReadonlySet<string> {
  if (run.snapshotTag === null) return new Set();
  const training = new Set(
    matched.filter((m) => m.input.role === 'training').map((m) => m.dataset),
  );
  const fitting = context.nearby.filter(
    (read) => training.has(read.dataset) && read.version === run.snapshotTag,
  );
  return new Set(fitting.map((read) => read.application));
}

/** No read was seen at all, but the tagged snapshot is a known version of this dataset. */
function byTag(run: TrackingRun, dataset: string, context: TrackingContext): BoundVersion | null {
  if (run.snapshotTag === null) return null;
  if (!context.isKnown(versionUrn(dataset, run.snapshotTag))) return null;
  return { version: run.snapshotTag, binding: 'INFERRED' };
}

function versionsRead(reads: readonly DatasetReads[], dataset: string): BoundVersion[] {
  const found = new Map<string, BoundVersion>();
  for (const read of reads) {
    if (read.dataset !== dataset || read.version === null) continue;
    const known = found.get(read.version);
    const binding = known === undefined ? read.binding : known.binding;
    found.set(read.version, { version: read.version, binding });
  }
  return [...found.values()].sort((a, b) => (a.version < b.version ? -1 : 1));
}

function asGuess(found: readonly BoundVersion[]): BoundVersion[] {
  return found.map((bound) => ({ ...bound, binding: worse(bound.binding, 'INFERRED') }));
}

function datasetsOf(matched: readonly MatchedInput[]): string[] {
  return [...new Set(matched.flatMap((m) => (m.dataset === null ? [] : [m.dataset])))];
}
