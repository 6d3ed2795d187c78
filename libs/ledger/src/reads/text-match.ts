import type { Json } from '@countersign/kernel';
import type { EntryRecord } from './entry-record.js';

/** The words of a search text, lower case. */
export function searchWords(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

/** True when each word occurs in type, subject, actor or a readable value of the payload, in any case. */
export function matchesText(entry: EntryRecord, words: readonly string[]): boolean {
  const { after, before, data } = entry.payload;
  const texts = [entry.type, entry.subject, entry.actor.id];
  for (const part of [data, before, after]) collectTexts(part ?? null, texts);
  const lower = texts.map((text) => text.toLowerCase());
  return words.every((word) => lower.some((text) => text.includes(word)));
}

function collectTexts(node: Json, out: string[]): void {
  if (node === null) return;
  if (typeof node !== 'object') {
    out.push(String(node));
    return;
  }
  for (const member of Object.values<Json>(node)) collectTexts(member, out);
}
