import type { Json } from '@countersign/kernel';
import type { EntryRecord } from '@countersign/ledger';

/** Types that can move a target. */
export const TARGET_TYPES = [
  'model_alias.set',
  'model_alias.removed',
  'model_version.stage_transitioned',
  'model_version.observed',
  'model_version.deleted',
  'registered_model.deleted',
] as const;

/** What an entry is about, as far as targets go. The mirror says what it changed. */
export interface Report {
  readonly model: string;
  /** The version that it names; null for a removal or a deleted model. */
  readonly version: string | null;
  /** Targets that it names. */
  readonly targets: readonly string[];
  /** Targets that it may have emptied without naming them: of this kind, or all. */
  readonly alsoOf: 'none' | 'stage:' | 'all';
  /** The registry's own doing, such as archiving the version before. */
  readonly sideEffect: boolean;
}

/** Reads an entry of one of TARGET_TYPES; null for any other. */
export function reportOf(entry: EntryRecord): Report | null {
  const data = entry.payload['data'];
  if (!isObject(data)) return null;
  const model = text(data['name']);
  if (model === null) return null;
  const version = text(data['version']);
  const report = { model, version, sideEffect: data['cause'] === 'side_effect' };
  switch (entry.type) {
    case 'model_alias.set':
      return { ...report, targets: [`alias:${text(data['alias']) ?? ''}`], alsoOf: 'none' };
    case 'model_alias.removed':
      return {
        ...report,
        version: null,
        targets: [`alias:${text(data['alias']) ?? ''}`],
        alsoOf: 'none',
      };
    case 'model_version.stage_transitioned':
      return { ...report, targets: stageTargets(data['to']), alsoOf: 'stage:' };
    case 'model_version.observed':
      return {
        ...report,
        targets: [...aliasTargets(data['aliases']), ...stageTargets(data['stage'])],
        alsoOf: 'all',
      };
    case 'model_version.deleted':
    case 'registered_model.deleted':
      return { ...report, version: null, targets: [], alsoOf: 'all' };
    default:
      return null;
  }
}

/** `None` is the absence of a stage, not a place. */
function stageTargets(stage: Json | undefined): string[] {
  const name = text(stage);
  return name === null || name === '' || name === 'None' ? [] : [`stage:${name}`];
}

function aliasTargets(aliases: Json | undefined): string[] {
  if (!Array.isArray(aliases)) return [];
  return aliases.flatMap((alias) => (typeof alias === 'string' ? [`alias:${alias}`] : []));
}

function text(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
