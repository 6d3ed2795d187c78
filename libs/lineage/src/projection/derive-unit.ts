import { NOTHING, type Derived } from '../domain/derived.js';
import type { OutputRow, RunFacts } from '../domain/facts.js';
import type { Hint, HintLookup } from '../domain/input-versions.js';
import { deriveModelVersion } from '../domain/model-version.js';
import { versionUrn } from '../domain/node-ref.js';
import {
  boundReads,
  deriveReads,
  deriveWrite,
  hintsOf,
  keepsVersionBefore,
  statedVersions,
  type Write,
} from '../domain/run-edges.js';
import type { Claim, EvidenceRules } from '../domain/rules.js';
import { loggedModelAlias } from '../domain/topics.js';
import type { DatasetReads } from '../domain/tracking-context.js';
import { deriveTracking } from '../domain/tracking-edges.js';
import { runUuid, type TrackingRun } from '../domain/tracking-run.js';
import { outputRow, writeUnits } from '../domain/write-units.js';
import type { GraphStore } from './graph-store.js';
import type { RunStore } from './run-store.js';
import { lookupsOf, type TrackingStore } from './tracking-store.js';
import type { Unit } from './unit.js';

/** Loads what a unit's edges depend on and derives them. Reads only. */
export class UnitDeriver {
  constructor(
    readonly graph: GraphStore,
    readonly runs: RunStore,
    readonly tracking: TrackingStore,
    readonly rules: EvidenceRules,
  ) {}

  async derive(unit: Unit): Promise<Derived> {
    switch (unit.kind) {
      case 'write':
        return this.#write(unit.dataset, unit.runId);
      case 'read': {
        const run = await this.runs.run(unit.runId);
        return run === null ? NOTHING : deriveReads(run, await this.#lookup([run]), this.rules);
      }
      case 'training':
        return this.#training(unit.source, unit.runId);
      case 'model-version':
        return this.#modelVersion(unit.source, unit.model, unit.version);
    }
  }

  /** The runs whose write may be the same one as this run's, itself included. */
  async writersAround(dataset: string, run: RunFacts): Promise<OutputRow[]> {
    const own = outputRow(run);
    if (run.parentRunId === null) return [own];
    const statements = await this.runs.outputs(dataset, run.parentRunId, 'statements');
    const near = statements.filter((outer) =>
      own.asSelect
        ? outer.beginsAt <= own.endsAt && outer.endsAt >= own.beginsAt
        : this.rules.nestsIn(own, outer),
    );
    if (near.length === 0) return [own];
    const inserts = await this.runs.outputs(dataset, run.parentRunId, {
      from: Math.min(...near.map((outer) => outer.beginsAt)),
      to: Math.max(...near.map((outer) => outer.endsAt)),
    });
    const rows = new Map([...statements, ...inserts, own].map((row) => [row.runId, row]));
    return [...rows.values()];
  }

  async #write(dataset: string, runId: string): Promise<Derived> {
    const run = await this.runs.run(runId);
    if (run === null) return NOTHING;
    const units = writeUnits(await this.writersAround(dataset, run), this.rules);
    const unit = units.find((candidate) => candidate.leader === runId);
    if (unit === undefined) return NOTHING; // part of a write that another run leads
    const facts = await this.runs.runs(unit.members);
    const members = unit.members.flatMap((member) => facts.get(member) ?? []);
    const write: Write = { dataset, members };
    const versions = statedVersions(write);
    const claims = await this.runs.claims(dataset, versions);
    const runIds = new Set(unit.members);
    const wrote = (version: string): boolean => {
      const own = claims.filter((claim) => claim.version === version);
      return own.length > 0 && this.rules.wrote(own, runIds);
    };
    const contested = await this.#contested(members, claims);
    const before = await this.#versionsBefore(write, claims, versions.filter(wrote));
    const lookup = await this.#lookup(members);
    return deriveWrite(
      write,
      {
        wrote,
        versionBefore: (version) => before.get(version) ?? null,
        contested: (version) => contested.has(version),
        lookup,
      },
      this.rules,
    );
  }

  /** Versions that a further append of the same application states as its own. */
  async #contested(
    members: readonly RunFacts[],
    claims: readonly Claim[],
  ): Promise<ReadonlySet<string>> {
    const own = new Set(members.map((run) => run.runId));
    const parent = members[0]?.parentRunId ?? null;
    const others = claims.filter((claim) => !own.has(claim.runId));
    if (parent === null || others.length === 0) return new Set();
    const runs = await this.runs.runs(others.map((claim) => claim.runId));
    const appends = others.filter((claim) => {
      const run = runs.get(claim.runId);
      return run?.parentRunId === parent && this.rules.keepsVersionBefore(run);
    });
    return new Set(appends.map((claim) => claim.version));
  }

  async #versionsBefore(
    write: Write,
    claims: readonly Claim[],
    versions: readonly string[],
  ): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    if (!keepsVersionBefore(write, this.rules)) return found;
    for (const version of versions) {
      const first = claims.find((claim) => claim.version === version);
      if (first === undefined) continue;
      const before = await this.runs.neighbour(write.dataset, first, 'before');
      if (before !== null) found.set(version, before.version);
    }
    return found;
  }

  async #lookup(runs: readonly RunFacts[]): Promise<HintLookup> {
    const known = new Map<string, string[]>();
    const keyOf = (hint: Hint): string => `${hint.dataset} ${hint.rounded}`;
    for (const hint of hintsOf(runs, this.rules)) {
      if (known.has(keyOf(hint))) continue;
      known.set(keyOf(hint), await this.graph.versionsNear(hint.dataset, hint.rounded));
    }
    return (hint) => known.get(keyOf(hint)) ?? [];
  }

  async #training(source: string, runId: string): Promise<Derived> {
    const run = await this.tracking.run({ source, runId });
    if (run === null) return NOTHING;
    const aliases = await this.graph.urnsOf(lookupsOf(run));
    const direct = run.inputs.flatMap((input) => input.dataset ?? []);
    const datasets = [...new Set([...direct, ...[...aliases.values()].flat()])].sort();
    const known = await this.graph.known([...datasets, ...statedNodes(run, datasets)]);
    const joined = await this.runs.readersJoinedTo({
      runId,
      runUuid: runUuid(runId),
      applicationId: run.applicationId,
    });
    const own = new Set(joined.map((reader) => reader.runId));
    const span = { from: run.startsAt, to: run.endsAt };
    const nearby = (await this.runs.readersNear(datasets, span)).filter((r) => !own.has(r.runId));
    return deriveTracking(run, {
      datasetsOf: (alias) => aliases.get(alias) ?? [],
      isKnown: (urn) => known.has(urn),
      joined: await this.#reads(joined),
      nearby: await this.#reads(nearby),
    });
  }

  async #reads(runs: readonly RunFacts[]): Promise<DatasetReads[]> {
    const lookup = await this.#lookup(runs);
    return runs.flatMap((run) =>
      boundReads(run, lookup, this.rules).map((read) => ({
        ...read,
        application: run.parentRunId ?? run.runId,
      })),
    );
  }

  async #modelVersion(source: string, model: string, version: string): Promise<Derived> {
    const facts = await this.tracking.modelVersion(source, model, version);
    if (facts === null) return NOTHING;
    const logged = /^models:\/(m-[^/]+)$/.exec(facts.sourceUri ?? '')?.[1];
    const alias = logged === undefined ? null : loggedModelAlias(source, logged);
    const runs = alias === null ? [] : ((await this.graph.urnsOf([alias])).get(alias) ?? []);
    return deriveModelVersion(facts, () => (runs.length === 1 ? (runs[0] ?? null) : null));
  }
}

function statedNodes(run: TrackingRun, datasets: readonly string[]): string[] {
  const versions = [run.snapshotTag, ...run.inputs.map((input) => input.version)];
  return datasets.flatMap((dataset) =>
    versions.flatMap((version) => (version === null ? [] : [versionUrn(dataset, version)])),
  );
}
