import { canonicalize, canonicalText } from '../json/canonical.js';
import { isJsonObject, type Json, type JsonObject } from '../json/json.js';
import { DEFAULT_LIMITS } from '../json/limits.js';
import { parseStrictJson } from '../json/strict-json.js';
import { parseBundleFilter, type BundleFilter } from './filter.js';

export const BUNDLE_FORMAT = 'countersign-bundle/1';

/** `bundle.json`: what a bundle says it holds. Nothing in it is believed unless the signed tree bears it out. */
export interface BundleManifest {
  /** When it was made, `2026-11-21T06:00:00.000Z`; a claim. */
  readonly created: string;
  /** Whether received bytes are among the disclosed payloads. */
  readonly evidence: boolean;
  /** Not null exactly when `payloads` is `filter`. */
  readonly filter: BundleFilter | null;
  /** First sequence. */
  readonly from: number;
  /** `heads`: the log of heads itself, its leaves as entries. */
  readonly kind: 'tenant' | 'heads';
  readonly origin: string;
  /** `all`: of every entry of the range; `filter`: of every entry of the range that the filter matches. */
  readonly payloads: 'all' | 'filter' | 'none';
  /** Of the tree that `checkpoint` signs. */
  readonly size: number;
  /** Lower-case UUID; null for the log of heads. */
  readonly tenant: string | null;
  /** The sequence behind the last; at most `size`. */
  readonly to: number;
  /** What wrote it, a claim. */
  readonly tool: string;
}

/** The bytes of `bundle.json`: RFC 8785 JSON without a line feed. */
export function formatBundleManifest(manifest: BundleManifest): Buffer {
  return canonicalize({ ...manifest, format: BUNDLE_FORMAT });
}

export type ManifestResult =
  | { readonly ok: true; readonly manifest: BundleManifest }
  | { readonly ok: false; readonly detail: string };

/** Reads `bundle.json`: strict JSON, closed set of members, canonical bytes, a range that fits. Never throws. */
export function parseBundleManifest(bytes: Uint8Array): ManifestResult {
  const parsed = parseStrictJson(bytes, DEFAULT_LIMITS);
  if (!parsed.ok) return refuse(`${parsed.code}: ${parsed.detail}`);
  const object = parsed.value;
  if (!isJsonObject(object)) return refuse('not a JSON object');
  if (object['format'] !== BUNDLE_FORMAT) return refuse(`the format is not ${BUNDLE_FORMAT}`);
  const names = Object.keys(object).sort().join();
  if (names !== MEMBERS) return refuse(`members ${names.slice(0, 200)}, expected ${MEMBERS}`);
  if (canonicalText(object) !== Buffer.from(bytes).toString('utf8')) {
    return refuse('the bytes are not the RFC 8785 form of their value');
  }
  const problem = problemOf(object);
  return problem === null ? { ok: true, manifest: toManifest(object) } : refuse(problem);
}

const MEMBERS = 'created,evidence,filter,format,from,kind,origin,payloads,size,tenant,to,tool';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function problemOf(object: JsonObject): string | null {
  const { created, evidence, filter, from, kind, origin, payloads, size, tenant, to, tool } =
    object;
  if (typeof created !== 'string' || typeof tool !== 'string') return 'created or tool is no text';
  if (typeof origin !== 'string' || origin === '') return 'origin is no text';
  if (typeof evidence !== 'boolean') return 'evidence is neither true nor false';
  if (kind !== 'tenant' && kind !== 'heads') return 'kind is neither tenant nor heads';
  if (payloads !== 'all' && payloads !== 'filter' && payloads !== 'none') {
    return 'payloads is none of all, filter, none';
  }
  if ((filter !== null) !== (payloads === 'filter')) return 'filter and payloads contradict';
  if (filter !== null && parseBundleFilter(filter) === null) return 'the filter is malformed';
  const isUuid = typeof tenant === 'string' && UUID.test(tenant);
  if (kind === 'tenant' ? !isUuid : tenant !== null) return 'tenant does not fit the kind';
  if (kind === 'heads' && (payloads !== 'none' || evidence)) return 'heads have no payloads';
  if (!isCount(from) || !isCount(to) || !isCount(size)) return 'from, to or size is no count';
  return from <= to && to <= size ? null : 'expected from ≤ to ≤ size';
}

function isCount(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** A typed view without `format`; `problemOf` has looked at every member. */
function toManifest(object: JsonObject): BundleManifest {
  const { format: _format, ...manifest } = object;
  return manifest as unknown as BundleManifest;
}

function refuse(detail: string): ManifestResult {
  return { ok: false, detail };
}
