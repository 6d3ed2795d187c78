import type { JsonObject } from '@countersign/chain';
import type { DraftJson } from '@countersign/events';
import type { RegistryEventType } from '../../canonical-event.js';
import { optional, required, scalar, tagsOf, textOf, versionOf } from './fields.js';

type Fields = Readonly<Record<string, DraftJson>>;

/** One of MLflow's event kinds: what it is called here, and its data in our words. */
export interface EventKind {
  readonly type: RegistryEventType;
  readonly read: (data: JsonObject) => Fields;
}

const named = (data: JsonObject): { name: string } => ({ name: required(data, 'name') });
const versioned = (data: JsonObject): Fields => ({ ...named(data), ...versionOf(data) });
const described = (data: JsonObject): Fields => ({
  description: optional(data, 'description'),
  tags: tagsOf(data),
});
const key = (data: JsonObject): Fields => ({ key: required(data, 'key') });
const keyAndValue = (data: JsonObject): Fields => ({ ...key(data), value: textOf(data, 'value') });
const alias = (data: JsonObject): Fields => ({ alias: required(data, 'alias') });

/**
 * The 15 `entity.action` pairs that MLflow 3.3 to 3.17 sends. An alias that is "created" may have been re-pointed, so
 * it is `set` here; `run_id: null` means "not said", not "no run".
 */
export const MLFLOW_EVENT_KINDS: Readonly<Record<string, EventKind>> = {
  'registered_model.created': {
    type: 'registered_model.created',
    read: (d) => ({ ...named(d), ...described(d) }),
  },
  'model_version.created': {
    type: 'model_version.created',
    read: (d) => ({
      ...versioned(d),
      sourceUri: optional(d, 'source'),
      runId: optional(d, 'run_id'),
      ...described(d),
    }),
  },
  'model_version_tag.set': {
    type: 'model_version.tag_set',
    read: (d) => ({ ...versioned(d), ...keyAndValue(d) }),
  },
  'model_version_tag.deleted': {
    type: 'model_version.tag_deleted',
    read: (d) => ({ ...versioned(d), ...key(d) }),
  },
  'model_version_alias.created': {
    type: 'model_alias.set',
    read: (d) => ({ ...versioned(d), ...alias(d) }),
  },
  'model_version_alias.deleted': {
    type: 'model_alias.removed',
    read: (d) => ({ ...named(d), ...alias(d) }),
  },
  'prompt.created': { type: 'prompt.created', read: (d) => ({ ...named(d), ...described(d) }) },
  'prompt_version.created': {
    type: 'prompt_version.created',
    read: (d) => ({ ...versioned(d), template: optional(d, 'template'), ...described(d) }),
  },
  'prompt_tag.set': { type: 'prompt.tag_set', read: (d) => ({ ...named(d), ...keyAndValue(d) }) },
  'prompt_tag.deleted': { type: 'prompt.tag_deleted', read: (d) => ({ ...named(d), ...key(d) }) },
  'prompt_version_tag.set': {
    type: 'prompt_version.tag_set',
    read: (d) => ({ ...versioned(d), ...keyAndValue(d) }),
  },
  'prompt_version_tag.deleted': {
    type: 'prompt_version.tag_deleted',
    read: (d) => ({ ...versioned(d), ...key(d) }),
  },
  'prompt_alias.created': {
    type: 'prompt_alias.set',
    read: (d) => ({ ...versioned(d), ...alias(d) }),
  },
  'prompt_alias.deleted': {
    type: 'prompt_alias.removed',
    read: (d) => ({ ...named(d), ...alias(d) }),
  },
  'budget_policy.exceeded': {
    type: 'budget.exceeded',
    read: (d) => ({
      budgetPolicyId: required(d, 'budget_policy_id'),
      unit: scalar(d, 'budget_unit'),
      amount: scalar(d, 'budget_amount'),
      spend: scalar(d, 'current_spend'),
      durationUnit: scalar(d, 'duration_unit'),
      durationValue: scalar(d, 'duration_value'),
      scope: scalar(d, 'target_scope'),
      // New in 3.17; 3.11 to 3.16 name the workspace only.
      target: optional(d, 'target_value') ?? optional(d, 'workspace'),
      windowStart: instantOf(d['window_start']),
    }),
  },
};

/** Milliseconds since 1970 as RFC 3339; null when absent or out of range. */
function instantOf(value: unknown): string | null {
  if (typeof value !== 'number') return null;
  const instant = new Date(value);
  return Number.isNaN(instant.getTime()) ? null : instant.toISOString();
}
