/** What snappy-java puts before its blocks: magic, version 1, readable since version 1. */
const HEADER = Buffer.from('82534e41505059000000000100000001', 'hex');
const LITERAL_MAX = 65_536;

/**
 * Valid Snappy that compresses nothing: one block of literals, framed as Kafka's Java clients frame it. Enough for a
 * broker to take a batch as a Snappy one.
 */
export function snappyOfLiterals(data: Uint8Array): Buffer {
  const parts: Uint8Array[] = [varint(data.byteLength)];
  for (let at = 0; at < data.byteLength; at += LITERAL_MAX) {
    const literal = data.subarray(at, at + LITERAL_MAX);
    // Tag 61 in the upper six bits: a literal whose length, less one, follows in two bytes.
    const tag = Buffer.alloc(3);
    tag.writeUInt8(61 << 2, 0);
    tag.writeUInt16LE(literal.byteLength - 1, 1);
    parts.push(tag, literal);
  }
  const block = Buffer.concat(parts);
  const size = Buffer.alloc(4);
  size.writeInt32BE(block.byteLength);
  return Buffer.concat([HEADER, size, block]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}
