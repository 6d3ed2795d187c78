import type { ActorKind, Basis } from '@countersign/events';
import type { CheckpointRecord, EntryRecord } from '@countersign/ledger';
import type { Actor, Checkpoint, Disclosure, Entry } from './ledger.types.js';

/** An entry of the ledger as the API shows it. Evidence, proof and names are read by their own fields. */
export function toEntry(record: EntryRecord): Entry {
  return {
    sequence: record.sequence,
    id: record.id,
    type: record.type,
    source: record.source,
    subject: record.subject,
    actor: record.actor,
    basis: record.basis,
    occurredAt: record.occurredAt,
    recordedAt: record.recordedAt,
    previousHash: hex(record.previousHash),
    leafHash: hex(record.leafHash),
    canonical: base64(record.canonical),
    payload: record.readable ? record.payload : null,
    payloadCanonical: base64(record.payloadCanonical ?? new Uint8Array()),
    payloadDigest: record.payloadDigest,
    disclosures: record.disclosures.map((disclosure): Disclosure => ({
      path: disclosure.path,
      salt: Buffer.from(disclosure.saltHex, 'hex').toString('base64'),
      value: disclosure.value,
      dataSubject: disclosure.dataSubject,
    })),
    evidenceDigest: record.evidenceDigest,
    tier: record.tier,
  };
}

export function toCheckpoint(record: CheckpointRecord): Checkpoint {
  return {
    origin: record.origin,
    size: record.size,
    rootHash: hex(record.rootHash),
    note: record.note,
    signedAt: record.signedAt,
    tier: record.tier,
  };
}

const KINDS: Readonly<Record<string, ActorKind>> = {
  user: 'user',
  svc: 'service',
  system: 'system',
};

/** An actor of whom only the id was kept. */
export function toActor(id: string, basis: Basis): Actor {
  return { id, kind: KINDS[id.slice(0, id.indexOf(':'))] ?? 'unknown', basis };
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
