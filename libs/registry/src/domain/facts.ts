import { eventCatalogue, type EventType } from '@countersign/events';
import type { z } from 'zod';
import type { Origin } from './place.js';
import type { ModelKind } from './model-row.js';
import { canonicalVersion } from './version-text.js';

export interface TagSaid {
  readonly key: string;
  readonly value: string | null;
}

interface About extends Origin {
  readonly source: string;
  readonly modelKind: ModelKind;
  readonly name: string;
}

/** What an entry says about a registry, in one vocabulary for models and prompts. */
export type Fact = About &
  (
    | {
        readonly is: 'model_created';
        readonly description: string | null;
        readonly tags: readonly TagSaid[];
      }
    | { readonly is: 'model_deleted' }
    | {
        readonly is: 'model_tag';
        readonly key: string;
        readonly present: boolean;
        readonly value: string | null;
      }
    | {
        readonly is: 'version_created';
        readonly version: string;
        readonly sourceUri: string | null;
        readonly runId: string | null;
        readonly description: string | null;
        readonly tags: readonly TagSaid[];
      }
    | { readonly is: 'version_deleted'; readonly version: string }
    | {
        readonly is: 'version_tag';
        readonly version: string;
        readonly key: string;
        readonly present: boolean;
        readonly value: string | null;
      }
    | { readonly is: 'alias'; readonly alias: string; readonly version: string | null }
    | { readonly is: 'stage'; readonly version: string; readonly stage: string }
    | ({ readonly is: 'version_observed' } & ObservedSaid)
  );

export interface ObservedSaid {
  readonly version: string;
  readonly runId: string | null;
  readonly sourceUri: string | null;
  readonly stage: string | null;
  readonly status: string | null;
  readonly description: string | null;
  readonly tags: readonly TagSaid[];
  readonly aliases: readonly string[];
  readonly createdAtMs: number | null;
  readonly artifactDigest: string | null;
  /** The entry of the version that was read back. */
  readonly readFor: bigint;
  readonly readAtSize: bigint;
}

/** The part of an entry that a fact is made of. */
export interface FactEntry {
  readonly sequence: bigint;
  readonly type: string;
  readonly source: string;
  readonly occurredAt: Date;
  readonly basis: Origin['basis'];
  readonly actor: Origin['actor'];
  /** `data` of the readable payload. */
  readonly data: unknown;
}

/** Null for an entry that says nothing about a registry's state, or nothing that can be read. */
export function factOf(entry: FactEntry): Fact | null {
  const build = builders[entry.type];
  if (build === undefined) return null;
  const said = build(entry.data);
  if (said === null) return null;
  const { sequence, source, basis, actor } = entry;
  const modelKind: ModelKind = entry.type.startsWith('prompt') ? 'prompt' : 'model';
  return { ...said, sequence, source, basis, actor, modelKind, at: entry.occurredAt.getTime() };
}

type Said = Fact extends infer One
  ? One extends Fact
    ? Omit<One, Exclude<keyof About, 'name'>>
    : never
  : never;

const builders: Readonly<Record<string, (data: unknown) => Said | null>> = {
  ...on('registered_model.created', (d) => ({ is: 'model_created', ...d })),
  ...on('registered_model.deleted', (d) => ({ is: 'model_deleted', ...d })),
  ...on('registered_model.tag_set', (d) => ({ is: 'model_tag', present: true, ...d })),
  ...on('registered_model.tag_deleted', (d) => ({
    is: 'model_tag',
    present: false,
    value: null,
    ...d,
  })),
  ...on('model_version.created', (d) => ({ is: 'version_created', ...d, ...canonical(d) })),
  ...on('model_version.deleted', (d) => ({ is: 'version_deleted', ...d, ...canonical(d) })),
  ...on('model_version.tag_set', (d) => ({
    is: 'version_tag',
    present: true,
    ...d,
    ...canonical(d),
  })),
  ...on('model_version.tag_deleted', (d) => ({
    is: 'version_tag',
    present: false,
    value: null,
    ...d,
    ...canonical(d),
  })),
  ...on('model_alias.set', (d) => ({ is: 'alias', ...d, ...canonical(d) })),
  ...on('model_alias.removed', (d) => ({ is: 'alias', version: null, ...d })),
  ...on('model_version.stage_transitioned', (d) => ({
    is: 'stage',
    name: d.name,
    stage: d.to,
    ...canonical(d),
  })),
  ...on('model_version.observed', (d) => ({
    is: 'version_observed',
    ...d,
    ...canonical(d),
    artifactDigest: d.artifactDigest ?? null,
    readFor: sequenceOf(d.readFor),
    // Without it nothing newer than the entry that asked for the reading is known to have been seen.
    readAtSize: d.readAtSize === undefined ? sequenceOf(d.readFor) + 1n : sequenceOf(d.readAtSize),
  })),
  ...on('prompt.created', (d) => ({ is: 'model_created', ...d })),
  ...on('prompt.tag_set', (d) => ({ is: 'model_tag', present: true, ...d })),
  ...on('prompt.tag_deleted', (d) => ({ is: 'model_tag', present: false, value: null, ...d })),
  ...on('prompt_version.created', ({ name, version, description, tags }) => ({
    is: 'version_created',
    name,
    version: canonicalVersion(version),
    description,
    tags,
    sourceUri: null,
    runId: null,
  })),
  ...on('prompt_version.tag_set', (d) => ({
    is: 'version_tag',
    present: true,
    ...d,
    ...canonical(d),
  })),
  ...on('prompt_version.tag_deleted', (d) => ({
    is: 'version_tag',
    present: false,
    value: null,
    ...d,
    ...canonical(d),
  })),
  ...on('prompt_alias.set', (d) => ({ is: 'alias', ...d, ...canonical(d) })),
  ...on('prompt_alias.removed', (d) => ({ is: 'alias', version: null, ...d })),
};

/** The types that the mirror is made of. */
export const FACT_TYPES: readonly string[] = Object.keys(builders);

function on<Type extends EventType>(
  type: Type,
  build: (data: z.output<(typeof eventCatalogue)[Type]>) => Said,
): Record<string, (data: unknown) => Said | null> {
  const schema = eventCatalogue[type];
  return {
    [type]: (data) => {
      const read = schema.safeParse(data);
      return read.success ? build(read.data as z.output<(typeof eventCatalogue)[Type]>) : null;
    },
  };
}

function canonical({ version }: { readonly version: string }): { version: string } {
  return { version: canonicalVersion(version) };
}

function sequenceOf(text: string): bigint {
  return /^[0-9]{1,18}$/.test(text) ? BigInt(text) : 0n;
}
