import {
  BUNDLE_RULES,
  ENTRY_RULES,
  type BundleFaultCode,
  type BundleOptions,
} from '@countersign/chain';

/**
 * Without these there is nothing left to read or to compare with, so no verifier could go on: they have cases of their
 * own, but no variant that leaves them out.
 */
export const STRUCTURAL: ReadonlySet<BundleFaultCode> = new Set([
  ...(['FILE_MISSING', 'FILE_UNLISTED', 'FILE_TOO_LARGE', 'INDEX_MALFORMED'] as const),
  ...(['MANIFEST_MALFORMED', 'MANIFEST_SIZE', 'LOG_NOT_PINNED', 'SIZE_TOO_LARGE'] as const),
  ...(['OLD_CHECKPOINT_INVALID', 'CONSISTENCY_MALFORMED', 'HEADS_CHECKPOINT_INVALID'] as const),
  ...(['HEAD_PROOF_MALFORMED', 'HEAD_LEAF_KIND', 'HEADS_TOO_MANY_LOGS'] as const),
  ...(['TILE_LENGTH', 'ENTRY_COUNT', 'PAYLOAD_LINE_MALFORMED'] as const),
  // Signed notes: their verifier has its own cases and variants.
  ...(['NOTE_TOO_LARGE', 'NOTE_MALFORMED', 'NOTE_TOO_MANY_SIGNATURES'] as const),
  ...(['NOTE_SIGNATURE_INVALID', 'NOTE_UNVERIFIED', 'CHECKPOINT_MALFORMED'] as const),
  ...(['CHECKPOINT_ORIGIN', 'CHECKPOINT_LOG_KEY'] as const),
  // The strict reader of entries, which has its own cases and variants.
  ...(['ENTRY_TOO_LARGE', 'ENTRY_MALFORMED', 'ENTRY_KIND_UNKNOWN'] as const),
  ...(['ENTRY_FIELDS', 'ENTRY_NOT_CANONICAL'] as const),
]);

/** Entry rules by the codes that they raise. */
const RULE_OF: Readonly<Partial<Record<BundleFaultCode, keyof typeof ENTRY_RULES>>> = {
  TENANT_MISMATCH: 'tenant',
  SEQUENCE_MISMATCH: 'sequence',
  PREVIOUS_HASH_MISMATCH: 'previousHash',
  RECORDED_AT_DECREASED: 'recordedAt',
  COLUMN_MISMATCH: 'columns',
  PAYLOAD_DIGEST_MISMATCH: 'payloadDigest',
  PAYLOAD_MALFORMED: 'payload',
  PAYLOAD_NOT_CANONICAL: 'payload',
  PAYLOAD_VERSION_UNKNOWN: 'payload',
  DISCLOSURE_DUPLICATE: 'payload',
  DISCLOSURE_PATH_UNKNOWN: 'payload',
  DISCLOSURE_MISMATCH: 'payload',
  EVIDENCE_UNEXPECTED: 'evidence',
  EVIDENCE_DIGEST_MISMATCH: 'evidence',
};

/** A verifier of bundles without one of its checks. */
export interface Mutant {
  readonly code: BundleFaultCode;
  readonly options: Pick<BundleOptions, 'without' | 'rules'>;
}

/** One for every rule that can be left out. */
export const MUTANTS: readonly Mutant[] = (Object.keys(BUNDLE_RULES) as BundleFaultCode[])
  .filter((code) => !STRUCTURAL.has(code))
  .map((code) => {
    const name = RULE_OF[code];
    if (name === undefined) return { code, options: { without: new Set([code]) } };
    const others = Object.entries(ENTRY_RULES).filter(([other]) => other !== name);
    return { code, options: { rules: others.map(([, rule]) => rule) } };
  });
