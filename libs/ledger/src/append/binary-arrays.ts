/**
 * One-dimensional arrays in PostgreSQL's binary form (`array_recv`): number of dimensions, null flag, element type,
 * length, lower bound, then each element behind its length. node-pg sends a Buffer as a binary parameter as it is.
 */
const HEADER_BYTES = 20;
const NULL_LENGTH = -1;

const OID = { bytea: 17, int8: 20, int2: 21, text: 25, timestamptz: 1184, uuid: 2950 } as const;

/** Microseconds between PostgreSQL's epoch (2000-01-01) and Unix's. */
const POSTGRES_EPOCH_MICROS = 946_684_800_000_000n;

export function byteaArray(items: readonly (Uint8Array | null)[]): Buffer {
  let size = HEADER_BYTES;
  for (const item of items) size += 4 + (item?.byteLength ?? 0);
  const out = begin(size, OID.bytea, items.length, items.includes(null));
  let at = HEADER_BYTES;
  for (const item of items) {
    at = out.writeInt32BE(item?.byteLength ?? NULL_LENGTH, at);
    if (item === null) continue;
    out.set(item, at);
    at += item.byteLength;
  }
  return out;
}

/** bytea[] of 32-byte hashes that are at hand in hex. */
export function hashArray(items: readonly (string | null)[]): Buffer {
  const out = begin(
    HEADER_BYTES + items.length * 36,
    OID.bytea,
    items.length,
    items.includes(null),
  );
  let at = HEADER_BYTES;
  for (const item of items) {
    at = out.writeInt32BE(item === null ? NULL_LENGTH : 32, at);
    if (item !== null) at += out.write(item, at, 'hex');
  }
  return out.subarray(0, at);
}

export function textArray(items: readonly (string | null)[]): Buffer {
  let size = HEADER_BYTES;
  for (const item of items) size += 4 + (item === null ? 0 : Buffer.byteLength(item));
  const out = begin(size, OID.text, items.length, items.includes(null));
  let at = HEADER_BYTES;
  for (const item of items) {
    if (item === null) {
      at = out.writeInt32BE(NULL_LENGTH, at);
      continue;
    }
    const length = out.write(item, at + 4, 'utf8');
    at = out.writeInt32BE(length, at) + length;
  }
  return out;
}

/** Lower-case UUIDs. */
export function uuidArray(items: readonly string[]): Buffer {
  const out = begin(HEADER_BYTES + items.length * 20, OID.uuid, items.length, false);
  let at = HEADER_BYTES;
  for (const item of items) {
    at = out.writeInt32BE(16, at);
    at += out.write(item.replaceAll('-', ''), at, 'hex');
  }
  return out;
}

export function int8Array(items: readonly bigint[]): Buffer {
  return eightBytes(OID.int8, items);
}

export function timestamptzArray(items: readonly Date[]): Buffer {
  return eightBytes(
    OID.timestamptz,
    items.map((item) => BigInt(item.getTime()) * 1000n - POSTGRES_EPOCH_MICROS),
  );
}

export function int2Array(items: readonly number[]): Buffer {
  const out = begin(HEADER_BYTES + items.length * 6, OID.int2, items.length, false);
  let at = HEADER_BYTES;
  for (const item of items) at = out.writeInt16BE(item, out.writeInt32BE(2, at));
  return out;
}

function eightBytes(oid: number, items: readonly bigint[]): Buffer {
  const out = begin(HEADER_BYTES + items.length * 12, oid, items.length, false);
  let at = HEADER_BYTES;
  for (const item of items) at = out.writeBigInt64BE(item, out.writeInt32BE(8, at));
  return out;
}

function begin(size: number, oid: number, length: number, hasNull: boolean): Buffer {
  const out = Buffer.allocUnsafe(size);
  out.writeInt32BE(1, 0); // PostgreSQL reads a one-dimensional array of length 0 as the empty array
  out.writeInt32BE(hasNull ? 1 : 0, 4);
  out.writeInt32BE(oid, 8);
  out.writeInt32BE(length, 12);
  out.writeInt32BE(1, 16);
  return out;
}
