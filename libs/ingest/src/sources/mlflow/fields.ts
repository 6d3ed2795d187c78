import { isJsonObject, type Json, type JsonObject } from '@countersign/chain';
import { notUnderstood, type NotUnderstood } from '../../reading.js';
import { readVersion } from './version.js';

/** Thrown inside this folder only, and caught where an event is read. */
export class FieldProblem extends Error {
  constructor(readonly reading: NotUnderstood) {
    super(reading.detail);
  }
}

const missing = (field: string): FieldProblem =>
  new FieldProblem(notUnderstood('MISSING_FIELD', `data.${field} is missing.`));
const unexpected = (field: string, expected: string): FieldProblem =>
  new FieldProblem(notUnderstood('UNEXPECTED_VALUE', `data.${field} is not ${expected}.`));

/** A non-empty string. */
export function required(data: JsonObject, field: string): string {
  const value = data[field];
  if (value === undefined || value === null || value === '') throw missing(field);
  if (typeof value !== 'string') throw unexpected(field, 'a string');
  return value;
}

/** A string; null when absent or null. */
export function optional(data: JsonObject, field: string): string | null {
  const value = data[field] ?? null;
  if (value !== null && typeof value !== 'string') throw unexpected(field, 'a string or null');
  return value;
}

/** A string that may be empty, such as a tag's value. */
export function textOf(data: JsonObject, field: string): string {
  const value = optional(data, field);
  if (value === null) throw missing(field);
  return value;
}

/** A number or text, as text. */
export function scalar(data: JsonObject, field: string): string {
  const value = data[field];
  if (value === undefined || value === null) throw missing(field);
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw unexpected(field, 'a number or a string');
  }
  return String(value);
}

/** `version`, with `rawVersion` where the caller spelled it otherwise. */
export function versionOf(data: JsonObject): { version: string; rawVersion?: string } {
  const value = data['version'];
  if (typeof value === 'number' && Number.isInteger(value)) return { version: String(value) };
  return readVersion(required(data, 'version'));
}

/** MLflow sends tags as an object; entries keep a list in the sender's order. */
export function tagsOf(data: JsonObject): { key: string; value: string }[] {
  const tags = data['tags'] ?? {};
  if (!isJsonObject(tags)) throw unexpected('tags', 'an object');
  return Object.entries(tags).map(([key, value]) => ({ key, value: tagValue(key, value) }));
}

function tagValue(key: string, value: Json): string {
  if (typeof value !== 'string') throw unexpected(`tags.${key}`, 'a string');
  return value;
}
