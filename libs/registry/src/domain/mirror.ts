import type { Fact, ObservedSaid, TagSaid } from './facts.js';
import { Incarnations } from './incarnations.js';
import type { SlotKind } from './ids.js';
import type { ModelRow, VersionRow } from './model-row.js';
import { eventStatement, noticedStatement, observedStatement, type Origin } from './place.js';
import { Slot } from './slot.js';
import { NOTHING, type Held, type Range } from './statement.js';

type Said<Is extends Fact['is']> = Extract<Fact, { is: Is }>;

/**
 * The part of the mirror that a batch of entries touches, in memory. Facts go in in sequence order; the rows
 * that come out depend on the facts alone, never on how they were cut into batches.
 */
export class Mirror {
  readonly rows: Incarnations;
  readonly #slots = new Map<string, Slot>();
  readonly #slotsOfModel = new Map<string, Slot[]>();

  constructor(rows: Incarnations = new Incarnations()) {
    this.rows = rows;
  }

  get slots(): IterableIterator<Slot> {
    return this.#slots.values();
  }

  /** Adds a slot as it is stored. */
  addSlot(slot: Slot): void {
    this.#slots.set(slot.id, slot);
    const ofModel = this.#slotsOfModel.get(slot.owner.modelId) ?? [];
    ofModel.push(slot);
    this.#slotsOfModel.set(slot.owner.modelId, ofModel);
  }

  apply(fact: Fact): void {
    switch (fact.is) {
      case 'model_created':
        this.#modelCreated(fact);
        break;
      case 'model_deleted':
        this.#modelDeleted(fact);
        break;
      case 'model_tag': {
        const model = this.rows.modelAt(fact);
        this.#say(this.#slot('tag', fact.key, model, null), fact, tagHeld(fact));
        break;
      }
      case 'version_created':
        this.#versionCreated(fact);
        break;
      case 'version_deleted':
        this.#versionDeleted(fact);
        break;
      case 'version_tag': {
        const [model, version] = this.rows.versionAt(fact, fact.version);
        this.#say(this.#slot('tag', fact.key, model, version), fact, tagHeld(fact));
        break;
      }
      case 'alias':
        this.#alias(fact);
        break;
      case 'stage': {
        const [model, version] = this.rows.versionAt(fact, fact.version);
        const held: Held = { present: true, value: fact.stage, versionId: null };
        this.#say(this.#slot('stage', '', model, version), fact, held);
        break;
      }
      case 'version_observed':
        this.#observed(fact);
        break;
    }
  }

  #modelCreated(fact: Said<'model_created'>): void {
    const { outcome, model, ended } = this.rows.created(fact);
    if (ended !== null) this.#end(ended, fact);
    if (outcome === 'duplicate') return;
    model.description = fact.description;
    this.#sayTags(fact, model, null, fact.tags);
  }

  #modelDeleted(fact: Said<'model_deleted'>): void {
    const model = this.rows.modelAt(fact);
    model.deletedAt = { earliest: fact.at, latest: fact.at };
    this.#end(model, fact);
  }

  #versionCreated(fact: Said<'version_created'>): void {
    const { outcome, model, version, ended } = this.rows.versionCreated(fact);
    if (ended !== null) this.#end(ended, fact);
    if (outcome === 'duplicate') return;
    // A reading that came first knows more than the event: null there means "not said".
    version.runId ??= fact.runId;
    version.sourceUri ??= fact.sourceUri;
    version.description ??= fact.description;
    this.#sayTags(fact, model, version, fact.tags);
  }

  #versionDeleted(fact: Said<'version_deleted'>): void {
    const [model, version] = this.rows.versionAt(fact, fact.version);
    version.deletedAt = { earliest: fact.at, latest: fact.at };
    for (const slot of this.#slotsOf(model)) {
      const pointsThere = slot.owner.kind === 'alias' && slot.current.versionId === version.id;
      const itsStage = slot.owner.kind === 'stage' && slot.owner.versionId === version.id;
      if (pointsThere || (itsStage && slot.current.present)) this.#say(slot, fact, NOTHING);
    }
  }

  #alias(fact: Said<'alias'>): void {
    if (fact.version === null) {
      const model = this.rows.modelAt(fact);
      this.#say(this.#slot('alias', fact.alias, model, null), fact, NOTHING);
      return;
    }
    const [model, version] = this.rows.versionAt(fact, fact.version);
    this.#say(this.#slot('alias', fact.alias, model, null), fact, pointingAt(version));
  }

  #observed(fact: Said<'version_observed'>): void {
    const [model, version] = this.rows.versionReadFor(fact, fact.version, fact.readFor);
    if (version.deletedAt !== null) return;
    if (version.observedAt === null || version.observedAt <= fact.at) refine(version, fact);
    this.#observeSlots(fact, model, version);
  }

  #observeSlots(fact: Fact & ObservedSaid, model: ModelRow, version: VersionRow): void {
    const notBefore = version.createdAt ?? fact.at;
    const observe = (slot: Slot, held: Held): void => {
      slot.say(observedStatement(slot, fact, fact.readAtSize, notBefore, held));
    };
    if (fact.stage !== null) {
      const held: Held = { present: true, value: fact.stage, versionId: null };
      observe(this.#slot('stage', '', model, version), held);
    }
    const tags = lastOfEach(fact.tags);
    for (const [key, value] of tags) {
      observe(this.#slot('tag', key, model, version), { present: true, value, versionId: null });
    }
    for (const alias of new Set(fact.aliases)) {
      observe(this.#slot('alias', alias, model, null), pointingAt(version));
    }
    for (const slot of this.#slotsOf(model)) {
      const { kind, key, versionId } = slot.owner;
      const goneTag = kind === 'tag' && versionId === version.id && !tags.has(key);
      const goneAlias = kind === 'alias' && slot.current.versionId === version.id;
      if ((goneTag && slot.current.present) || (goneAlias && !fact.aliases.includes(key))) {
        observe(slot, NOTHING);
      }
    }
  }

  /** Nothing of an incarnation that is gone holds on: its aliases, stages and versions end with it. */
  #end(model: ModelRow, origin: Origin): void {
    const when: Range = model.deletedAt ?? { earliest: origin.at, latest: origin.at };
    for (const version of this.rows.versionsOf(model)) version.deletedAt ??= when;
    for (const slot of this.#slotsOf(model)) {
      if (slot.owner.kind === 'tag' || !slot.current.present) continue;
      const statement =
        when.earliest === when.latest
          ? eventStatement(origin, NOTHING)
          : noticedStatement(origin, when.earliest, NOTHING);
      slot.say(statement);
    }
  }

  #sayTags(
    fact: Fact,
    model: ModelRow,
    version: VersionRow | null,
    tags: readonly TagSaid[],
  ): void {
    for (const [key, value] of lastOfEach(tags)) {
      const held: Held = { present: true, value, versionId: null };
      this.#say(this.#slot('tag', key, model, version), fact, held);
    }
  }

  #say(slot: Slot, origin: Origin, held: Held): void {
    slot.say(eventStatement(origin, held));
  }

  #slot(kind: SlotKind, key: string, model: ModelRow, version: VersionRow | null): Slot {
    const fresh = new Slot({ kind, key, modelId: model.id, versionId: version?.id ?? null });
    const known = this.#slots.get(fresh.id);
    if (known !== undefined) return known;
    this.addSlot(fresh);
    return fresh;
  }

  #slotsOf(model: ModelRow): readonly Slot[] {
    return [...(this.#slotsOfModel.get(model.id) ?? [])];
  }
}

function refine(version: VersionRow, seen: Origin & ObservedSaid): void {
  version.observedAt = seen.at;
  version.runId = seen.runId ?? version.runId;
  version.sourceUri = seen.sourceUri ?? version.sourceUri;
  version.description = seen.description ?? version.description;
  version.status = seen.status;
  version.createdAt = seen.createdAtMs ?? version.createdAt;
  version.artifactDigest = seen.artifactDigest ?? version.artifactDigest;
}

function pointingAt(version: VersionRow): Held {
  return { present: true, value: version.version, versionId: version.id };
}

function tagHeld({ present, value }: { present: boolean; value: string | null }): Held {
  return { present, value, versionId: null };
}

function lastOfEach(tags: readonly TagSaid[]): Map<string, string | null> {
  return new Map(tags.map(({ key, value }) => [key, value]));
}
