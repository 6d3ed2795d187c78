import { Personal, personal, subjects, type DraftJson, type EventType } from '@countersign/events';
import type { CanonicalEvent } from './reading.js';

type Fields = Readonly<Record<string, DraftJson | undefined>>;

const text = (fields: Fields, name: string): string => {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
};
const model = (f: Fields): string => subjects.model(text(f, 'name'));
const modelVersion = (f: Fields): string =>
  subjects.modelVersion(text(f, 'name'), text(f, 'version'));
const alias = (f: Fields): string => subjects.alias(text(f, 'name'), text(f, 'alias'));
const prompt = (f: Fields): string => subjects.prompt(text(f, 'name'));
const promptVersion = (f: Fields): string =>
  subjects.promptVersion(text(f, 'name'), text(f, 'version'));
const promptAlias = (f: Fields): string => subjects.promptAlias(text(f, 'name'), text(f, 'alias'));

/** What registries report, and what each is about. A closed set: nothing else enters through a registry source. */
const SUBJECTS = {
  'registered_model.created': model,
  'registered_model.deleted': model,
  'registered_model.tag_set': model,
  'registered_model.tag_deleted': model,
  'model_version.created': modelVersion,
  'model_version.deleted': modelVersion,
  'model_version.tag_set': modelVersion,
  'model_version.tag_deleted': modelVersion,
  'model_version.stage_transitioned': modelVersion,
  'model_alias.set': alias,
  'model_alias.removed': alias,
  'prompt.created': prompt,
  'prompt.tag_set': prompt,
  'prompt.tag_deleted': prompt,
  'prompt_version.created': promptVersion,
  'prompt_version.tag_set': promptVersion,
  'prompt_version.tag_deleted': promptVersion,
  'prompt_alias.set': promptAlias,
  'prompt_alias.removed': promptAlias,
  'budget.exceeded': (f) => `budget/${encodeURIComponent(text(f, 'budgetPolicyId'))}`,
} as const satisfies Partial<Record<EventType, (fields: Fields) => string>>;

export type RegistryEventType = keyof typeof SUBJECTS;

/** True for a type that a registry may report. */
export function isRegistryEventType(type: string): type is RegistryEventType {
  return Object.hasOwn(SUBJECTS, type);
}

/** Free text that people wrote: never in the hashed payload, only its commitment. */
const PERSONAL_FIELDS = ['description', 'value', 'template'] as const;

/**
 * A registry event as an entry draft: subject by type, free text marked personal (descriptions, tag values, prompt
 * templates). `fields` is the readable data of the type's schema.
 */
export function registryEvent(
  type: RegistryEventType,
  fields: Fields,
  occurredAt: Date,
): CanonicalEvent {
  const data: Record<string, DraftJson | undefined> = { ...fields };
  for (const field of PERSONAL_FIELDS) {
    const value = data[field];
    if (typeof value === 'string') data[field] = personal(value);
  }
  if (Array.isArray(data['tags'])) data['tags'] = data['tags'].map(personalTag);
  return { type, subject: SUBJECTS[type](fields), occurredAt, data };
}

function personalTag(tag: DraftJson): DraftJson {
  if (typeof tag !== 'object' || tag === null || tag instanceof Personal || !('value' in tag)) {
    return tag;
  }
  const { value } = tag;
  return typeof value === 'string' ? { ...tag, value: personal(value) } : tag;
}
