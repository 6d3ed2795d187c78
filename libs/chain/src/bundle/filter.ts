import type { EntryHeader } from '../entry/header.js';
import { isJsonObject, type Json } from '../json/json.js';

/**
 * Which entries' payloads a bundle discloses. It looks at headers alone, which a bundle has all of: whoever reads it
 * can tell that no match was left out. Every member that is there must hold.
 */
export interface BundleFilter {
  readonly actor?: string;
  /** Exclusive bounds would leave a gap between two exports: both ends are included. */
  readonly occurredFrom?: string;
  readonly occurredTo?: string;
  readonly recordedFrom?: string;
  readonly recordedTo?: string;
  readonly sources?: readonly string[];
  /** Exact, or a prefix ending in `/*`; one of them is enough. */
  readonly subjects?: readonly string[];
  /** Exact, or a prefix ending in `.*`; one of them is enough. */
  readonly types?: readonly string[];
}

const LISTS = ['sources', 'subjects', 'types'] as const;
const TIMES = ['occurredFrom', 'occurredTo', 'recordedFrom', 'recordedTo'] as const;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const LIST_MAX = 1000;

/** Reads a filter and refuses (null) members that it does not know: ignoring one would widen what is checked. */
export function parseBundleFilter(value: Json | undefined): BundleFilter | null {
  if (!isJsonObject(value) || Object.keys(value).length === 0) return null;
  for (const [name, member] of Object.entries(value)) {
    if (LISTS.some((known) => known === name)) {
      if (!Array.isArray(member) || member.length === 0 || member.length > LIST_MAX) return null;
      if (!(member as readonly Json[]).every((item) => typeof item === 'string')) return null;
    } else if (TIMES.some((known) => known === name)) {
      // The one spelling of entries: text order is time order.
      if (typeof member !== 'string' || !TIME.test(member)) return null;
    } else if (name !== 'actor' || typeof member !== 'string') {
      return null;
    }
  }
  return value;
}

/** True when the entry's payload belongs into a bundle with this filter. */
export function matchesBundleFilter(filter: BundleFilter, header: EntryHeader): boolean {
  const { actor, sources, subjects, types } = filter;
  if (actor !== undefined && header.actor !== actor) return false;
  if (sources !== undefined && !sources.includes(header.source)) return false;
  if (subjects !== undefined && !subjects.some((s) => named(s, '/*', header.subject))) return false;
  if (types !== undefined && !types.some((t) => named(t, '.*', header.type))) return false;
  if (header.occurredAt < (filter.occurredFrom ?? '')) return false;
  if (header.occurredAt > (filter.occurredTo ?? '~')) return false;
  if (header.recordedAt < (filter.recordedFrom ?? '')) return false;
  return header.recordedAt <= (filter.recordedTo ?? '~');
}

/** Exact, or below the prefix when the pattern ends in the wildcard; the separator before `*` is part of the prefix. */
function named(pattern: string, wildcard: '/*' | '.*', name: string): boolean {
  return pattern.endsWith(wildcard) ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
