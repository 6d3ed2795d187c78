import { createHash } from 'node:crypto';

export type SlotKind = 'alias' | 'stage' | 'tag';

/** Ids come from what they name, so a rebuilt mirror has the same ones. */
export function modelId(source: string, kind: string, name: string, incarnation: number): string {
  return derivedUuid(['model', source, kind, name, String(incarnation)]);
}

export function versionId(model: string, version: string): string {
  return derivedUuid(['version', model, version]);
}

/** `owner` is the model of an alias or a model's tag, the version of a stage or a version's tag. */
export function slotId(owner: string, kind: SlotKind, key: string): string {
  return derivedUuid(['slot', owner, kind, key]);
}

/** A UUID of version 8 (RFC 9562 section 5.8) from SHA-256 over the parts. */
function derivedUuid(parts: readonly string[]): string {
  const bytes = createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
