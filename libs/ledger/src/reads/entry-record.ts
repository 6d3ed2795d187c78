import type { ActorKind, Basis } from '@countersign/events';
import type { Json, JsonObject } from '@countersign/kernel';

/** How far the proof of an entry has come; design 5.2. */
export type Tier = 'sequenced' | 'published' | 'witnessed' | 'timestamped';

/** A personal value kept beside its commitment: sha256(salt || canonical JSON of value). */
export interface DisclosureRecord {
  /** JSON Pointer (RFC 6901) into the payload. */
  readonly path: string;
  readonly saltHex: string;
  readonly value: Json;
  readonly dataSubject: string | null;
}

/** Received bytes; evidenceDigest = sha256(salt || bytes). */
export interface EvidenceRecord {
  readonly salt: Uint8Array;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/**
 * An entry as the ledger holds it, with its payload made readable. Once the tenant was closed and its key destroyed, the
 * header is all that is left, and `basis` is the weakest there is.
 */
export interface EntryRecord {
  readonly sequence: bigint;
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly delivery: string;
  /** False once the tenant's key was destroyed: there is no payload, disclosure or evidence any more. */
  readonly readable: boolean;
  readonly actor: { readonly id: string; readonly kind: ActorKind; readonly basis: Basis };
  readonly basis: Basis;
  readonly occurredAt: Date;
  readonly recordedAt: Date;
  /** The exact bytes that were hashed. */
  readonly canonical: Uint8Array;
  readonly leafHash: Uint8Array;
  readonly previousHash: Uint8Array;
  /** The exact bytes that payloadDigest covers; personal values are commitments. Null when unreadable. */
  readonly payloadCanonical: Uint8Array | null;
  /** Lower-case hex. */
  readonly payloadDigest: string;
  /** Readable: disclosed values filled in, erased or withheld ones null. Empty when unreadable. */
  readonly payload: JsonObject;
  readonly disclosures: readonly DisclosureRecord[];
  /** Lower-case hex; null when the entry came without evidence. Stays when the evidence is erased. */
  readonly evidenceDigest: string | null;
  /** Only when asked for, and null once erased. */
  readonly evidence: EvidenceRecord | null;
  readonly tier: Tier;
}

/** A tenant's log. */
export interface LogRecord {
  readonly logId: string;
  /** First line of its checkpoints and name of its key; fixed when the log was opened. */
  readonly origin: string;
  readonly openedAt: Date;
}

/** A signed statement about the whole log (C2SP tlog-checkpoint). */
export interface CheckpointRecord {
  readonly origin: string;
  readonly size: bigint;
  /** 32 bytes. */
  readonly rootHash: Uint8Array;
  /** The signed note, verbatim. */
  readonly note: string;
  readonly signedAt: Date;
  readonly tier: Tier;
}

/** Which entries a list shows. Absent or null fields do not restrict. */
export interface EntryFilter {
  /** Exact, or a prefix ending in `.*`. */
  readonly types?: readonly string[] | null | undefined;
  readonly actor?: string | null | undefined;
  /** Exact, or a prefix ending in `/*`. */
  readonly subject?: string | null | undefined;
  /** Any of these exact subjects. */
  readonly subjects?: readonly string[] | null | undefined;
  readonly sources?: readonly string[] | null | undefined;
  /** Ranges include both ends. */
  readonly recordedFrom?: Date | null | undefined;
  readonly recordedTo?: Date | null | undefined;
  readonly occurredFrom?: Date | null | undefined;
  readonly occurredTo?: Date | null | undefined;
  readonly fromSequence?: bigint | null | undefined;
  readonly toSequence?: bigint | null | undefined;
  /** Words, all of which must occur in type, subject, actor or the readable payload. */
  readonly text?: string | null | undefined;
}

export interface RangeRequest {
  /** Exclusive; -1n reads from the start. */
  readonly after: bigint;
  /** Inclusive; to the end when absent. */
  readonly upTo?: bigint | undefined;
  readonly limit: number;
  /** Exact types or prefixes ending in `.*`; all when absent. */
  readonly types?: readonly string[] | undefined;
  /** Also read the evidence bytes. */
  readonly evidence?: boolean | undefined;
}
