/** Attributes of a binary-mode event, or what is wrong with them. */
export type AttributesReading =
  | { readonly ok: true; readonly attributes: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly problem: string };

// CloudEvents 1.0 attribute names: lower-case ASCII letters and digits.
const NAME = /^[a-z0-9]{1,40}$/;
/** Names that would collide with the members that carry the data. */
const RESERVED = new Set(['data', 'datacontenttype']);
const ATTRIBUTES_MAX = 64;

/**
 * Attributes of an HTTP message in binary mode: `ce-` headers, percent-decoded once, unquoted; `Content-Type` is the
 * data's type (HTTP binding 1.0 §3.1). Null when there is no `ce-` header at all.
 */
export function attributesOfHttp(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): AttributesReading | null {
  const pairs: [string, string][] = [];
  for (const [header, value] of Object.entries(headers)) {
    if (!header.startsWith('ce-') || value === undefined) continue;
    const decoded = typeof value === 'string' ? decodeHttp(value) : null;
    if (decoded === null) return wrong(`header ${header} is not percent-encoded UTF-8`);
    pairs.push([header.slice(3), decoded]);
  }
  const contentType = headers['content-type'];
  return collect(pairs, typeof contentType === 'string' ? contentType : undefined);
}

/** Attributes of a Kafka message in binary mode: `ce_` headers in UTF-8, not encoded (Kafka binding 1.0 §3.2). */
export function attributesOfKafka(
  headers: ReadonlyMap<string, Uint8Array>,
): AttributesReading | null {
  const pairs: [string, string][] = [];
  for (const [header, value] of headers) {
    if (!header.startsWith('ce_')) continue;
    const decoded = decodeUtf8(value);
    if (decoded === null) return wrong(`header ${header} is not UTF-8`);
    pairs.push([header.slice(3), decoded]);
  }
  const contentType = headers.get('content-type');
  return collect(pairs, contentType === undefined ? undefined : (decodeUtf8(contentType) ?? ''));
}

function collect(
  pairs: readonly (readonly [string, string])[],
  contentType: string | undefined,
): AttributesReading | null {
  if (pairs.length === 0) return null;
  if (pairs.length > ATTRIBUTES_MAX) return wrong('it has too many attributes');
  const attributes = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (!NAME.test(name) || RESERVED.has(name)) return wrong(`attribute name ${name.slice(0, 40)}`);
    attributes.set(name, value);
  }
  if (contentType !== undefined) attributes.set('datacontenttype', contentType);
  return { ok: true, attributes };
}

function wrong(problem: string): AttributesReading {
  return { ok: false, problem };
}

function decodeHttp(value: string): string | null {
  const unquoted = /^"(.*)"$/s.exec(value)?.[1]?.replace(/\\(["\\])/g, '$1') ?? value;
  try {
    return hasControls(unquoted) ? null : noNul(decodeURIComponent(unquoted));
  } catch {
    return null; // a stray percent sign, or escapes that are no UTF-8
  }
}

function decodeUtf8(value: Uint8Array): string | null {
  try {
    return noNul(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value));
  } catch {
    return null;
  }
}

/** Node reads header bytes as Latin-1; anything beyond ASCII was not percent-encoded. */
function hasControls(value: string): boolean {
  return /[^\x20-\x7e]/.test(value);
}

function noNul(value: string): string | null {
  return value.includes('\0') ? null : value;
}
