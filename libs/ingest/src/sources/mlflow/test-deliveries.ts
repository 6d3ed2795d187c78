import { canonicalText, type JsonObject } from '@countersign/chain';

const model = { name: 'example_model' };
const prompt = { name: 'example_prompt' };
const tags = { example_key: 'example_value' };
const tag = { key: 'example_key', value: 'example_value' };
const alias = { alias: 'example_alias' };
const version = { version: '1' };

/**
 * The bodies that MLflow sends when somebody presses "test": signed like real ones, without any marker. They are
 * known by equality alone, as recorded from MLflow 3.17.2.
 */
const EXAMPLES: Readonly<Record<string, JsonObject>> = {
  'registered_model.created': { ...model, tags, description: 'An example registered model' },
  'model_version.created': {
    ...model,
    ...version,
    source: 'models:/123',
    run_id: 'abcd1234abcd5678',
    tags,
    description: 'An example model version',
  },
  'model_version_tag.set': { ...model, ...version, ...tag },
  'model_version_tag.deleted': { ...model, ...version, key: tag.key },
  'model_version_alias.created': { ...model, ...alias, ...version },
  'model_version_alias.deleted': { ...model, ...alias },
  'prompt.created': { ...prompt, tags, description: 'An example prompt' },
  'prompt_version.created': {
    ...prompt,
    ...version,
    template: 'Hello {{name}}!',
    tags,
    description: 'An example prompt version',
  },
  'prompt_tag.set': { ...prompt, ...tag },
  'prompt_tag.deleted': { ...prompt, key: tag.key },
  'prompt_version_tag.set': { ...prompt, ...version, ...tag },
  'prompt_version_tag.deleted': { ...prompt, ...version, key: tag.key },
  'prompt_alias.created': { ...prompt, ...alias, ...version },
  'prompt_alias.deleted': { ...prompt, ...alias },
  'budget_policy.exceeded': {
    budget_policy_id: 'bp-abc123',
    budget_unit: 'USD',
    budget_amount: 100,
    current_spend: 105.5,
    duration_unit: 'MONTHS',
    duration_value: 1,
    target_scope: 'ENDPOINT',
    workspace: 'default',
    target_value: 'ep-abc123',
    window_start: 1704067200000,
  },
};

const texts = new Map(Object.entries(EXAMPLES).map(([kind, data]) => [kind, canonicalText(data)]));
/** Only data under these names is compared as a whole. */
const NAMES = new Set(['example_model', 'example_prompt']);

/** True when `data` is MLflow's example of this `entity.action`. */
export function isTestDelivery(kind: string, data: JsonObject): boolean {
  const example =
    (typeof data['name'] === 'string' && NAMES.has(data['name'])) ||
    data['budget_policy_id'] === 'bp-abc123';
  return example && texts.get(kind) === canonicalText(data);
}
