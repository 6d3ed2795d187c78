import { randomFillSync, randomUUID } from 'node:crypto';
import { ChainError, evidenceDigest, sealPayload, type SealedPayload } from '@countersign/chain';
import { isEventType, Personal, type EntryDraft } from '@countersign/events';
import { AppError } from '@countersign/kernel';
import type { TenantSeal } from '@countersign/vault';
import { places } from '../sealing/places.js';
import { contentHash, type Content } from './content-hash.js';

/** Characters (UTF-16 units) of the header's free texts; together far below the 65,535 bytes of an entry. */
export const DRAFT_LIMITS = { source: 256, subject: 1024, delivery: 512, actor: 256 } as const;

/** Payload bytes per entry. */
export const PAYLOAD_BYTES_MAX = 8 * 1024 * 1024;

export interface PreparedEvidence {
  readonly salt: Uint8Array;
  readonly mediaType: string;
  readonly sealed: Buffer;
  readonly digestHex: string;
}

/** What opens a commitment of the payload, its value sealed. */
export interface PreparedDisclosure {
  readonly path: string;
  readonly salt: Uint8Array;
  readonly sealed: Buffer;
  readonly dataSubject: string | null;
}

/** A draft with everything that does not depend on its place in the log: done before it waits for a batch. */
export interface PreparedDraft {
  readonly id: string;
  readonly draft: EntryDraft;
  readonly payloadDigestHex: string;
  readonly sealedPayload: Buffer;
  readonly disclosures: readonly PreparedDisclosure[];
  readonly evidence: PreparedEvidence | null;
  readonly content: Content;
  /** About what it takes in a statement. */
  readonly weight: number;
  /** For what follows from the draft later: the entry that tells of a conflict. */
  readonly seal: TenantSeal;
}

/**
 * Commits and seals the payload, the personal values and the evidence of a draft. Throws INVALID_DRAFT for what no batch
 * could hold, so that one bad draft never fails the batch of others.
 */
export function prepareDraft(draft: EntryDraft, seal: TenantSeal): PreparedDraft {
  checkHeader(draft);
  const id = randomUUID();
  try {
    const payload = sealPayload(payloadTree(draft), { personal: personalMark, nextSalt: salt });
    if (payload.canonical.byteLength > PAYLOAD_BYTES_MAX) {
      throw invalid(`the payload has more than ${PAYLOAD_BYTES_MAX} bytes`);
    }
    const evidence = prepareEvidence(draft, id, seal);
    const sealedPayload = seal.seal(payload.canonical, places.payload(id));
    // Member by member: spreading costs as much as a hash here.
    return {
      id,
      draft,
      evidence,
      seal,
      sealedPayload,
      payloadDigestHex: payload.digestHex,
      disclosures: payload.disclosures.map((disclosure) => prepareDisclosure(disclosure, id, seal)),
      content: contentHash(draft, seal),
      weight: sealedPayload.byteLength + (evidence?.sealed.byteLength ?? 0) + 2048,
    };
  } catch (error) {
    if (error instanceof ChainError) throw invalid(error.message, error);
    throw error;
  }
}

function payloadTree(draft: EntryDraft): object {
  const { actor, after, basis, before, data } = draft;
  const nonce = random16().toString('hex');
  return {
    actor: { basis: actor.basis, kind: actor.kind },
    after,
    basis,
    before,
    data,
    nonce,
    v: 1,
  };
}

function personalMark(node: object): Personal | null {
  return node instanceof Personal ? node : null;
}

function prepareDisclosure(
  { dataSubject, path, salt, valueCanonical }: SealedPayload['disclosures'][number],
  id: string,
  seal: TenantSeal,
): PreparedDisclosure {
  return {
    path,
    salt,
    sealed: seal.seal(valueCanonical, places.disclosure(id, path)),
    dataSubject,
  };
}

function prepareEvidence(draft: EntryDraft, id: string, seal: TenantSeal): PreparedEvidence | null {
  if (draft.evidence === undefined) return null;
  const { bytes, mediaType } = draft.evidence;
  const evidenceSalt = salt();
  const digestHex = evidenceDigest(evidenceSalt, bytes);
  const sealed = seal.seal(bytes, places.evidence(id));
  return { salt: evidenceSalt, mediaType, sealed, digestHex };
}

function checkHeader(draft: EntryDraft): void {
  if (!isEventType(draft.type)) throw invalid(`the type ${JSON.stringify(draft.type)} is unknown`);
  checkText('source', draft.source, DRAFT_LIMITS.source);
  checkText('subject', draft.subject, DRAFT_LIMITS.subject);
  checkText('delivery', draft.delivery, DRAFT_LIMITS.delivery);
  checkText('actor', draft.actor.id, DRAFT_LIMITS.actor);
  const year = draft.occurredAt.getUTCFullYear();
  if (Number.isNaN(year) || year < 0 || year > 9999) throw invalid('occurredAt is not a moment');
}

const LONE_SURROGATE = /\p{Surrogate}/u;

function checkText(field: string, text: string, max: number): void {
  if (text === '' || text.length > max) throw invalid(`${field} has 1 to ${max} characters`);
  if (LONE_SURROGATE.test(text) || text.includes('\0'))
    throw invalid(`${field} is not well-formed text`);
}

function invalid(what: string, cause?: unknown): AppError {
  return new AppError('INVALID_DRAFT', {
    publicMessage: `The entry cannot be recorded: ${what}.`,
    hint: 'Quarantine the event; a retry with the same content cannot succeed.',
    cause,
  });
}

/** Random bytes are drawn in bulk: a system call per salt would cost more than the hash. */
const POOL_BYTES = 16_384;
let pool = Buffer.alloc(0);

function random16(): Buffer {
  if (pool.byteLength < 16) pool = randomFillSync(Buffer.allocUnsafeSlow(POOL_BYTES));
  const taken = pool.subarray(0, 16);
  pool = pool.subarray(16);
  return taken;
}

function salt(): Uint8Array {
  return random16();
}
