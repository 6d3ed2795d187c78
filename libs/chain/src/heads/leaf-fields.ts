import { decodeBase64, encodeBase64 } from '../note/base64.js';
import { isKeyName } from '../note/keys.js';
import type { HeadLeaf } from './head-leaf.js';

/** The members of a leaf's JSON, in no order. */
export type LeafMembers = Readonly<Record<string, string | number>>;

/** The kinds and the members that each has beside `kind` and `v`. */
export const LEAF_MEMBERS: Readonly<Record<HeadLeaf['kind'], readonly string[]>> = {
  'log.opened/1': ['openedAt', 'origin'],
  'head/1': ['origin', 'root', 'size'],
  'log.pruned/1': ['bundle', 'minIndex', 'origin'],
  'key.rotated/1': ['newKey', 'oldKey', 'origin', 'rotatedAt', 'signature'],
};

/** A leaf as the members of its JSON. */
export function toMembers(leaf: HeadLeaf): LeafMembers {
  switch (leaf.kind) {
    case 'head/1':
      return { ...leaf, root: encodeBase64(leaf.root), size: Number(leaf.size), v: 1 };
    case 'log.pruned/1':
      return { ...leaf, minIndex: Number(leaf.minIndex), v: 1 };
    case 'key.rotated/1':
      return { ...leaf, signature: encodeBase64(leaf.signature), v: 1 };
    case 'log.opened/1':
      return { ...leaf, v: 1 };
  }
}

const NAME_CHARS_MAX = 1_024;
const KEY_CHARS_MAX = 2_048;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** What each member has to be; null when it is, else what was expected. */
const FORMS: Readonly<Record<string, (value: unknown) => string | null>> = {
  origin: (value) =>
    typeof value === 'string' && value.length <= NAME_CHARS_MAX && isKeyName(value)
      ? null
      : 'the name of a log',
  openedAt: time,
  rotatedAt: time,
  root: bytes(32),
  signature: bytes(64),
  size: count,
  minIndex: count,
  bundle: (value) =>
    typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value) ? null : 'sha256:<64 hex>',
  newKey: key,
  oldKey: key,
};

/** The first member that breaks the format, with what was expected; null when all hold. */
export function memberProblem(
  kind: HeadLeaf['kind'],
  members: Readonly<Record<string, unknown>>,
): string | null {
  for (const name of LEAF_MEMBERS[kind]) {
    if (!Object.hasOwn(members, name)) return `the field ${name} is missing`;
    const expected = FORMS[name]?.(members[name]) ?? null;
    if (expected !== null) return `${name}: expected ${expected}`;
  }
  const known = new Set([...LEAF_MEMBERS[kind], 'kind', 'v']);
  const extra = Object.keys(members).find((name) => !known.has(name));
  return extra === undefined ? null : `the field ${JSON.stringify(extra.slice(0, 64))} is unknown`;
}

function time(value: unknown): string | null {
  const good =
    typeof value === 'string' &&
    TIME.test(value) &&
    !Number.isNaN(Date.parse(value)) &&
    new Date(value).toISOString() === value;
  return good ? null : 'YYYY-MM-DDTHH:mm:ss.sssZ';
}

function count(value: unknown): string | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0)
    ? null
    : 'an integer from 0 to 2^53 - 1';
}

function bytes(length: number): (value: unknown) => string | null {
  return (value) =>
    typeof value === 'string' && decodeBase64(value)?.length === length
      ? null
      : `base64 of ${length} bytes`;
}

/** Its form only: whether key and key id fit is looked at when the key is used. */
function key(value: unknown): string | null {
  return typeof value === 'string' &&
    value.length <= KEY_CHARS_MAX &&
    /^[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$/.test(value)
    ? null
    : 'a vkey';
}
