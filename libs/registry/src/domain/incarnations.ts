import type { Basis } from '@countersign/events';
import { modelId, versionId } from './ids.js';
import type { ModelKind, ModelRow, VersionRow } from './model-row.js';
import { versionNumber } from './version-text.js';

/** What of a fact decides which incarnation it is about. */
interface Mention {
  readonly sequence: bigint;
  readonly at: number;
  readonly basis: Basis;
  readonly source: string;
  readonly modelKind: ModelKind;
  readonly name: string;
}

/**
 * Two reports of one creation arrive when two subscriptions lead here; their times differ by milliseconds.
 * A registry needs longer than this to delete a model with versions and make it again.
 */
const SAME_CREATION_MS = 1_000;
/** How far a version's event may be sent ahead of its model's, by threads of one server. */
const OVERTAKING_MS = 2_000;

type Created = 'new' | 'refined' | 'duplicate';

/**
 * Which model and version a name means at a moment. Registries report no deletion and use names again, so
 * (name, version) is no identity; a creation that cannot be of the known model starts another incarnation:
 *
 * - a model reported as created again, later than before;
 * - a model reported as created after events of versions that it cannot have had yet;
 * - a version number reported as created again from another artifact: numbers are never used twice.
 *
 * A model or version that is only mentioned gets a placeholder of basis `inferred`, which its creation refines.
 */
export class Incarnations {
  readonly #models = new Map<string, ModelRow[]>();
  readonly #versions = new Map<string, Map<string, VersionRow>>();
  /** Rows that were made or may have been changed. */
  readonly touchedModels = new Set<ModelRow>();
  readonly touchedVersions = new Set<VersionRow>();

  /** Adds rows as they are stored, incarnations in order. */
  add(models: Iterable<ModelRow>, versions: Iterable<VersionRow>): void {
    for (const model of models) this.#addModel(model);
    for (const version of versions) this.#addVersion(version);
  }

  versionsOf(model: ModelRow): readonly VersionRow[] {
    const versions = [...(this.#versions.get(model.id)?.values() ?? [])];
    for (const version of versions) this.touchedVersions.add(version);
    return versions;
  }

  /** The incarnation that a fact is about: the last one that was there at its time. Made when there is none. */
  modelAt(fact: Mention): ModelRow {
    const known = this.#models.get(modelKey(fact)) ?? [];
    const there = known.findLast((model) => (model.createdAt ?? model.firstHeardAt) <= fact.at);
    const model = there ?? known[0];
    if (model === undefined || endedBefore(model, fact.at)) return this.#newModel(fact, false);
    return this.#heard(model, fact);
  }

  versionAt(fact: Mention, version: string): [ModelRow, VersionRow] {
    const model = this.modelAt(fact);
    return [model, this.#version(model, fact, version)];
  }

  /** The version that was reported by the entry `readFor`, else the one of that number now. */
  versionReadFor(fact: Mention, version: string, readFor: bigint): [ModelRow, VersionRow] {
    for (const model of this.#models.get(modelKey(fact)) ?? []) {
      const row = this.#versions.get(model.id)?.get(version);
      if (row?.createdSequence === readFor) {
        this.touchedVersions.add(row);
        return [model, row];
      }
    }
    return this.versionAt(fact, version);
  }

  /** A model was reported as created. `ended` is the incarnation that must have been deleted before. */
  created(fact: Mention): { outcome: Created; model: ModelRow; ended: ModelRow | null } {
    const last = this.#models.get(modelKey(fact))?.at(-1);
    if (last === undefined || endedBefore(last, fact.at)) {
      return { outcome: 'new', model: this.#newModel(fact, true), ended: null };
    }
    if (last.createdAt === null ? isAnother(last, fact.at) : isAgain(last, fact.at)) {
      return {
        outcome: 'new',
        model: this.#newModel(fact, true),
        ended: this.#ending(last, fact.at),
      };
    }
    if (last.createdAt !== null) return { outcome: 'duplicate', model: last, ended: null };
    last.createdAt = fact.at;
    last.basis = fact.basis;
    return { outcome: 'refined', model: this.#heard(last, fact), ended: null };
  }

  /** A version was reported as created. `ended` as in created(). */
  versionCreated(fact: Mention & { readonly version: string; readonly sourceUri: string | null }): {
    outcome: Created;
    model: ModelRow;
    version: VersionRow;
    ended: ModelRow | null;
  } {
    const model = this.modelAt(fact);
    const known = this.#versions.get(model.id)?.get(fact.version);
    if (known === undefined || known.reportedAt === null) {
      const version = this.#version(model, fact, fact.version);
      version.reportedAt = fact.at;
      version.createdAt ??= fact.at;
      version.createdSequence = fact.sequence;
      version.basis = fact.basis;
      return { outcome: known === undefined ? 'new' : 'refined', model, version, ended: null };
    }
    const again = fact.at > known.reportedAt + SAME_CREATION_MS;
    if (!again || (known.sourceUri === fact.sourceUri && known.deletedAt === null)) {
      return { outcome: 'duplicate', model, version: known, ended: null };
    }
    const ended = this.#ending(model, fact.at);
    const next = this.#newModel(fact, false);
    const version = this.#version(next, fact, fact.version);
    version.reportedAt = fact.at;
    version.createdAt = fact.at;
    version.createdSequence = fact.sequence;
    version.basis = fact.basis;
    return { outcome: 'new', model: next, version, ended };
  }

  #heard(model: ModelRow, fact: Mention): ModelRow {
    model.firstHeardAt = Math.min(model.firstHeardAt, fact.at);
    model.lastHeardAt = Math.max(model.lastHeardAt, fact.at);
    this.touchedModels.add(model);
    return model;
  }

  /** It went away unseen, between the last that we heard of it and the moment its successor was there. */
  #ending(model: ModelRow, at: number): ModelRow {
    model.deletedAt ??= { earliest: Math.min(model.lastHeardAt, at), latest: at };
    this.touchedModels.add(model);
    return model;
  }

  #newModel(fact: Mention, reported: boolean): ModelRow {
    const key = modelKey(fact);
    const incarnation = (this.#models.get(key)?.at(-1)?.incarnation ?? 0) + 1;
    const model: ModelRow = {
      id: modelId(fact.source, fact.modelKind, fact.name, incarnation),
      source: fact.source,
      kind: fact.modelKind,
      name: fact.name,
      incarnation,
      description: null,
      basis: reported ? fact.basis : 'inferred',
      createdAt: reported ? fact.at : null,
      deletedAt: null,
      firstSequence: fact.sequence,
      firstHeardAt: fact.at,
      lastHeardAt: fact.at,
      highestVersion: null,
    };
    this.#addModel(model);
    this.touchedModels.add(model);
    return model;
  }

  #version(model: ModelRow, fact: Mention, version: string): VersionRow {
    const known = this.#versions.get(model.id)?.get(version);
    const row = known ?? placeholder(model, fact, version);
    if (known === undefined) this.#addVersion(row);
    this.touchedVersions.add(row);
    if (row.number !== null && row.number > (model.highestVersion ?? -1n)) {
      model.highestVersion = row.number;
    }
    return row;
  }

  #addModel(model: ModelRow): void {
    const key = modelKey({ ...model, modelKind: model.kind });
    this.#models.set(key, [...(this.#models.get(key) ?? []), model]);
  }

  #addVersion(row: VersionRow): void {
    const versions = this.#versions.get(row.modelId) ?? new Map<string, VersionRow>();
    versions.set(row.version, row);
    this.#versions.set(row.modelId, versions);
  }
}

function placeholder(model: ModelRow, fact: Mention, version: string): VersionRow {
  return {
    id: versionId(model.id, version),
    modelId: model.id,
    version,
    number: versionNumber(version),
    runId: null,
    sourceUri: null,
    description: null,
    status: null,
    artifactDigest: null,
    basis: 'inferred',
    createdAt: null,
    reportedAt: null,
    observedAt: null,
    deletedAt: null,
    firstSequence: fact.sequence,
    createdSequence: null,
  };
}

/** Separates a name's three parts; none of them can hold it, since the strict reader refuses NUL. */
function modelKey(of: { source: string; modelKind: ModelKind; name: string }): string {
  return `${of.source}\0${of.modelKind}\0${of.name}`;
}

function endedBefore(model: ModelRow, at: number): boolean {
  return model.deletedAt !== null && model.deletedAt.latest < at;
}

/** A placeholder met through version 1 moments before is the created model itself; any other was there before. */
function isAnother(placeholderModel: ModelRow, at: number): boolean {
  if (placeholderModel.firstHeardAt >= at) return false;
  const versionsBefore = (placeholderModel.highestVersion ?? 0n) > 1n;
  return versionsBefore || placeholderModel.firstHeardAt < at - OVERTAKING_MS;
}

function isAgain(model: ModelRow, at: number): boolean {
  const createdAt = model.createdAt ?? at;
  if (at <= createdAt) return false;
  return at > createdAt + SAME_CREATION_MS || model.highestVersion !== null;
}
