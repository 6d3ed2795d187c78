import { encodeEntry } from '../entry/encode.js';
import { ENTRY_BYTES_MAX, type EntryHeader } from '../entry/header.js';
import { ChainError } from '../errors.js';
import { sameBytes } from '../hash.js';

/**
 * The header of an entry that our writer would write byte for byte, at a fraction of the price of `decodeEntry`; null for
 * any other bytes, which `decodeEntry` then judges.
 */
export function quickHeader(bytes: Uint8Array): EntryHeader | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return plainHeader(buffer) ?? writtenHeader(buffer);
}

/** Printable ASCII that stands in canonical JSON as it is. */
const TEXT = '"([ !#-[\\]-~]+)"';
/** Lengths are looked at afterwards: an expression that counts takes twice the time. */
const HEX = '[0-9a-f]+';
const DIGEST = `"(sha256:${HEX})"`;
const UUID = `"(${HEX}-${HEX}-${HEX}-${HEX}-${HEX})"`;
/** Days that every month has. */
const TIME =
  '"(\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d\\.\\d{3}Z)"';

/** An entry as it almost always is: in canonical form, keys in RFC 8785 order, ASCII without escapes. */
const PLAIN = new RegExp(
  `^\\{"actor":${TEXT},"delivery":${TEXT},(?:"evidence":${DIGEST},)?"id":${UUID},"kind":"audit/1",` +
    `"occurredAt":${TIME},"payload":${DIGEST},"prev":"(${HEX})","recordedAt":${TIME},` +
    `"seq":(0|[1-9]\\d{0,14}),"source":${TEXT},"subject":${TEXT},"tenant":${UUID},"type":${TEXT},"v":1\\}$`,
);
const DIGEST_LENGTH = 'sha256:'.length + 64;

function plainHeader(bytes: Buffer): EntryHeader | null {
  if (bytes.byteLength > ENTRY_BYTES_MAX) return null;
  const match = PLAIN.exec(bytes.toString('latin1'));
  if (match === null) return null;
  const [, actor = '', delivery = '', evidence, id = '', occurredAt = '', payload = ''] = match;
  const {
    7: prev = '',
    8: recordedAt = '',
    9: seq = '',
    10: source = '',
    11: subject = '',
  } = match;
  const { 12: tenant = '', 13: type = '' } = match;
  if (prev.length !== 64 || payload.length !== DIGEST_LENGTH) return null;
  if (!isUuid(id) || !isUuid(tenant)) return null;
  const rest = { id, occurredAt, payload, prev, recordedAt, seq: Number(seq) };
  const more = { source, subject, tenant, type };
  if (evidence === undefined) return { actor, delivery, ...rest, ...more };
  return evidence.length === DIGEST_LENGTH ? { actor, delivery, evidence, ...rest, ...more } : null;
}

/** Of text that holds hex digits and four dashes. */
function isUuid(text: string): boolean {
  return (
    text.length === 36 &&
    text[8] === '-' &&
    text[13] === '-' &&
    text[18] === '-' &&
    text[23] === '-'
  );
}

/**
 * The platform's own parser may be as lax as it likes: what it read is believed only when the writer, which checks every
 * field, prints the same bytes again.
 */
function writtenHeader(bytes: Buffer): EntryHeader | null {
  try {
    const read = JSON.parse(bytes.toString('utf8')) as EntryHeader | null;
    if (typeof read !== 'object' || read === null) return null;
    const { actor, delivery, evidence, id, occurredAt, payload, prev, recordedAt, seq } = read;
    const { source, subject, tenant, type } = read;
    const fields = {
      id,
      occurredAt,
      payload,
      prev,
      recordedAt,
      seq,
      source,
      subject,
      tenant,
      type,
    };
    const header: EntryHeader =
      evidence === undefined
        ? { actor, delivery, ...fields }
        : { actor, delivery, evidence, ...fields };
    return sameBytes(encodeEntry(header), bytes) ? header : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ChainError) return null;
    throw error;
  }
}
