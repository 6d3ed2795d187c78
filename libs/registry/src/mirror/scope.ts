import { slotId, versionId, type SlotKind } from '../domain/ids.js';
import type { Fact } from '../domain/facts.js';
import type { ModelKind, ModelRow } from '../domain/model-row.js';
import type { SlotOwner } from '../domain/slot.js';

/** A name in one registry, as rows are looked up by it. */
export interface ModelName {
  readonly source: string;
  readonly kind: ModelKind;
  readonly name: string;
}

/** A slot and what of its history is needed. Times in milliseconds since 1970. */
export interface WantedSlot {
  readonly owner: SlotOwner;
  /** All from here on; -Infinity: all of it, Infinity: only what surrounds the moments. */
  readonly since: number;
  /** Moments at which an event says something. */
  readonly moments: ReadonlySet<number>;
}

/** The names that a batch speaks of, each once. */
export function namesOf(facts: readonly Fact[]): ModelName[] {
  const names = new Map<string, ModelName>();
  for (const { source, modelKind: kind, name } of facts) {
    names.set(JSON.stringify([source, kind, name]), { source, kind, name });
  }
  return [...names.values()];
}

/** Ids of the stored versions that a batch can touch, whichever incarnation a fact turns out to be about. */
export function versionIdsOf(facts: readonly Fact[], models: ModelsByName): Set<string> {
  const ids = new Set<string>();
  for (const fact of facts) {
    if (!('version' in fact) || fact.version === null) continue;
    for (const model of models.of(fact)) ids.add(versionId(model.id, fact.version));
  }
  return ids;
}

/**
 * Stored models whose incarnation may end in this batch, with the earliest moment of that: by a deletion, by
 * being created again, or by a version number that is created again.
 */
export function endingModels(
  facts: readonly Fact[],
  models: ModelsByName,
  versionExists: (id: string) => boolean,
): Map<string, number> {
  const ending = new Map<string, number>();
  const createdHere = new Set<string>();
  for (const fact of facts) {
    for (const model of models.of(fact)) {
      if (!mayEnd(fact, model, createdHere, versionExists)) continue;
      ending.set(model.id, Math.min(ending.get(model.id) ?? fact.at, fact.at));
    }
  }
  return ending;
}

function mayEnd(
  fact: Fact,
  model: ModelRow,
  createdHere: Set<string>,
  versionExists: (id: string) => boolean,
): boolean {
  if (fact.is === 'model_created' || fact.is === 'model_deleted') return true;
  if (fact.is !== 'version_created') return false;
  const id = versionId(model.id, fact.version);
  if (versionExists(id) || createdHere.has(id)) return true;
  createdHere.add(id);
  return false;
}

/** Slots that the facts name themselves. */
export function namedSlots(facts: readonly Fact[], models: ModelsByName): Wanted {
  const wanted = new Wanted();
  for (const fact of facts) {
    for (const model of models.of(fact)) nameSlots(fact, model, wanted);
  }
  return wanted;
}

function nameSlots(fact: Fact, model: ModelRow, wanted: Wanted): void {
  const add = (kind: SlotKind, key: string, version: string | null): void => {
    const owner = version === null ? null : versionId(model.id, version);
    const slot = { kind, key, modelId: model.id, versionId: owner };
    // Where an observation belongs is found from all that was said before it.
    if (fact.is === 'version_observed') wanted.addSince(slot, -Infinity);
    else wanted.addMoment(slot, fact.at);
  };
  switch (fact.is) {
    case 'model_created':
      for (const { key } of fact.tags) add('tag', key, null);
      break;
    case 'model_deleted':
      break;
    case 'model_tag':
      add('tag', fact.key, null);
      break;
    case 'version_created':
      for (const { key } of fact.tags) add('tag', key, fact.version);
      break;
    case 'version_deleted':
    case 'stage':
      add('stage', '', fact.version);
      break;
    case 'version_tag':
      add('tag', fact.key, fact.version);
      break;
    case 'alias':
      add('alias', fact.alias, null);
      break;
    case 'version_observed':
      add('stage', '', fact.version);
      for (const { key } of fact.tags) add('tag', key, fact.version);
      for (const alias of fact.aliases) add('alias', alias, null);
      break;
  }
}

/** Wanted slots, each with all that anybody asked for. */
export class Wanted {
  readonly #slots = new Map<string, { owner: SlotOwner; since: number; moments: Set<number> }>();

  /** All of the slot's history from a moment on. */
  addSince(owner: SlotOwner, since: number): void {
    const slot = this.#slot(owner);
    slot.since = Math.min(slot.since, since);
  }

  /** What an event at this moment can touch. */
  addMoment(owner: SlotOwner, at: number): void {
    this.#slot(owner).moments.add(at);
  }

  list(): WantedSlot[] {
    return [...this.#slots.values()];
  }

  #slot(owner: SlotOwner): { owner: SlotOwner; since: number; moments: Set<number> } {
    const id = slotId(owner.versionId ?? owner.modelId, owner.kind, owner.key);
    const known = this.#slots.get(id);
    if (known !== undefined) return known;
    const slot = { owner, since: Infinity, moments: new Set<number>() };
    this.#slots.set(id, slot);
    return slot;
  }
}

/** Stored models, found by the name that a fact uses. */
export class ModelsByName {
  readonly #models = new Map<string, ModelRow[]>();

  constructor(models: readonly ModelRow[]) {
    for (const model of models) {
      const key = JSON.stringify([model.source, model.kind, model.name]);
      this.#models.set(key, [...(this.#models.get(key) ?? []), model]);
    }
  }

  of({
    source,
    modelKind,
    name,
  }: Pick<Fact, 'source' | 'modelKind' | 'name'>): readonly ModelRow[] {
    return this.#models.get(JSON.stringify([source, modelKind, name])) ?? [];
  }
}
