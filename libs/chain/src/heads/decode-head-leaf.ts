import { canonicalText } from '../json/canonical.js';
import { isJsonObject, type JsonObject } from '../json/json.js';
import { CANONICAL_LIMITS, type JsonLimits } from '../json/limits.js';
import { parseStrictJson } from '../json/strict-json.js';
import { HEAD_LEAF_BYTES_MAX, type HeadLeaf } from './head-leaf.js';
import { LEAF_MEMBERS, memberProblem } from './leaf-fields.js';

export type HeadLeafCode =
  'HEAD_TOO_LARGE' | 'HEAD_MALFORMED' | 'HEAD_KIND_UNKNOWN' | 'HEAD_FIELDS' | 'HEAD_NOT_CANONICAL';

export type DecodedHeadLeaf =
  | { readonly ok: true; readonly leaf: HeadLeaf }
  | { readonly ok: false; readonly code: HeadLeafCode; readonly detail: string };

const LIMITS: JsonLimits = {
  ...CANONICAL_LIMITS,
  bytesMax: HEAD_LEAF_BYTES_MAX,
  depthMax: 1,
  nodesMax: 16,
};

/** Reads a leaf of the log of heads and believes nothing, like `decodeEntry`. Never throws. */
export function decodeHeadLeaf(bytes: Uint8Array): DecodedHeadLeaf {
  if (bytes.byteLength > HEAD_LEAF_BYTES_MAX) {
    return refuse('HEAD_TOO_LARGE', `${bytes.byteLength} bytes, at most ${HEAD_LEAF_BYTES_MAX}`);
  }
  const parsed = parseStrictJson(bytes, LIMITS);
  if (!parsed.ok) return refuse('HEAD_MALFORMED', `${parsed.code}: ${parsed.detail}`);
  const object = parsed.value;
  if (!isJsonObject(object)) return refuse('HEAD_MALFORMED', 'expected a JSON object');
  const kind = object['kind'];
  if (!isKind(kind) || object['v'] !== 1) {
    return refuse('HEAD_KIND_UNKNOWN', 'expected a known kind and v 1');
  }
  const problem = memberProblem(kind, object);
  if (problem !== null) return refuse('HEAD_FIELDS', problem);
  if (canonicalText(object) !== Buffer.from(bytes).toString('utf8')) {
    return refuse('HEAD_NOT_CANONICAL', 'the bytes are not the RFC 8785 form of their value');
  }
  return { ok: true, leaf: toLeaf(kind, object) };
}

function isKind(kind: unknown): kind is HeadLeaf['kind'] {
  return typeof kind === 'string' && Object.hasOwn(LEAF_MEMBERS, kind);
}

/** The members were checked: each has the type that its place here wants. */
function toLeaf(kind: HeadLeaf['kind'], object: JsonObject): HeadLeaf {
  const text = (name: string): string => object[name] as string;
  const bytes = (name: string): Buffer => Buffer.from(text(name), 'base64');
  const size = (name: string): bigint => BigInt(object[name] as number);
  const origin = text('origin');
  switch (kind) {
    case 'log.opened/1':
      return { kind, openedAt: text('openedAt'), origin };
    case 'head/1':
      return { kind, origin, root: bytes('root'), size: size('size') };
    case 'log.pruned/1':
      return { kind, bundle: text('bundle'), minIndex: size('minIndex'), origin };
    case 'key.rotated/1':
      return {
        kind,
        newKey: text('newKey'),
        oldKey: text('oldKey'),
        origin,
        rotatedAt: text('rotatedAt'),
        signature: bytes('signature'),
      };
  }
}

function refuse(code: HeadLeafCode, detail: string): DecodedHeadLeaf {
  return { ok: false, code, detail };
}
