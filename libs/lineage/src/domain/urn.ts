import { sha256Hex } from '@countersign/chain';

/** Longest part of a URN in bytes; a longer one keeps its start and gets its digest. Index rows end near 2,700. */
const PART_BYTES_MAX = 400;
const TEXT_CHARS_MAX = 500;

/** `kind/part/part`: each part percent-encoded, so that no name reaches into another one. */
export function urn(kind: string, ...parts: readonly string[]): string {
  return [kind, ...parts.map(urnPart)].join('/');
}

/** One part of a URN: percent-encoded, and short enough for an index. */
export function urnPart(text: string): string {
  const encoded = encodeURIComponent(text);
  if (encoded.length <= PART_BYTES_MAX) return encoded;
  return `${encoded.slice(0, PART_BYTES_MAX - 65)}~${sha256Hex(text)}`;
}

/** A text that fits into an index: a longer one keeps its start and gets its digest. */
export function bounded(text: string, charsMax = TEXT_CHARS_MAX): string {
  if (text.length <= charsMax) return text;
  return `${text.slice(0, charsMax - 65).replace(/[\ud800-\udbff]$/, '')}~${sha256Hex(text)}`;
}

/** A node's id: a UUID (version 8, RFC 9562 §5.8) of the digest of tenant and URN, the same after any rebuild. */
export function nodeId(tenantId: string, nodeUrn: string): string {
  const hex = sha256Hex(`countersign lineage node\n${tenantId}\n${nodeUrn}`);
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
