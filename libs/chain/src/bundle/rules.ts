import type { CheckpointCode } from '../note/checkpoint.js';
import type { EntryFaultCode } from '../verify/record.js';

/** The parts of a verdict, in the order in which they are decided. */
export const BUNDLE_CHECKS = [
  'manifest',
  'checkpoint',
  'consistency',
  'heads',
  'witnesses',
  'timestamps',
  'tree',
  'headers',
  'chain',
  'payloads',
  'completeness',
] as const;
export type BundleCheckName = (typeof BUNDLE_CHECKS)[number];

/** `tampered`: it cannot be what was signed. `incomplete`: it cannot be judged, or something was left out. */
export type FaultWeight = 'tampered' | 'incomplete';

export interface BundleRule {
  readonly check: BundleCheckName;
  readonly weight: FaultWeight;
  /** The rule that was broken, as a sentence. */
  readonly rule: string;
}

const tampered = (check: BundleCheckName, rule: string): BundleRule => ({
  check,
  weight: 'tampered',
  rule,
});
const incomplete = (check: BundleCheckName, rule: string): BundleRule => ({
  check,
  weight: 'incomplete',
  rule,
});

const OWN_RULES = {
  FILE_MISSING: incomplete('manifest', 'Every file that files.sha256 lists is there.'),
  FILE_UNLISTED: incomplete(
    'manifest',
    'files.sha256 lists every file, in the order of the format.',
  ),
  FILE_EXTRA: incomplete('manifest', 'There is no file that files.sha256 does not list.'),
  FILE_TOO_LARGE: tampered('manifest', 'No file is larger than its kind can be.'),
  FILE_DIGEST: tampered('manifest', 'Every file has the digest that files.sha256 states.'),
  INDEX_MALFORMED: tampered('manifest', 'files.sha256 has lines of sha256sum and nothing else.'),
  MANIFEST_MALFORMED: tampered('manifest', 'bundle.json is a canonical manifest of this format.'),
  MANIFEST_SIZE: tampered('manifest', 'bundle.json states the size that the checkpoint signs.'),

  LOG_NOT_PINNED: incomplete('checkpoint', 'The policy file pins a key for this log.'),
  LOG_KIND: tampered('checkpoint', 'A log of heads is never taken for a ledger, nor the reverse.'),
  SIZE_TOO_LARGE: tampered('checkpoint', 'A tree has fewer than 2^53 leaves.'),

  OLD_CHECKPOINT_INVALID: tampered('consistency', 'The earlier checkpoint is signed by the log.'),
  CONSISTENCY_MALFORMED: tampered(
    'consistency',
    'A consistency proof is up to 63 hashes, one a line.',
  ),
  CONSISTENCY_BROKEN: tampered('consistency', 'The tree only grew since the earlier checkpoint.'),
  KNOWN_UNVERIFIED: incomplete(
    'consistency',
    'Your own checkpoint is of this log or its log of heads.',
  ),
  KNOWN_UNPROVEN: incomplete(
    'consistency',
    'The bundle shows what leads on from your own checkpoint.',
  ),
  ROLLED_BACK: tampered('consistency', 'The tree is not smaller than in your own checkpoint.'),
  KNOWN_ROOT_MISMATCH: tampered(
    'consistency',
    'The tree held in your checkpoint is part of this one.',
  ),

  HEADS_MISSING: incomplete('heads', 'The bundle proves its checkpoint to be in the log of heads.'),
  HEADS_NOT_PINNED: incomplete('heads', 'The policy file pins a key for the log of heads.'),
  HEADS_CHECKPOINT_INVALID: tampered(
    'heads',
    'The checkpoint of the log of heads is signed by it.',
  ),
  HEAD_PROOF_MALFORMED: tampered('heads', 'The proof of the head is a c2sp.org/tlog-proof@v1.'),
  HEAD_PROOF_CHECKPOINT: tampered('heads', 'The proof of the head names the checkpoint beside it.'),
  HEAD_NOT_INCLUDED: tampered('heads', 'The head of the signed checkpoint is in the log of heads.'),
  HEAD_LEAF_KIND: tampered('heads', 'A leaf of the log of heads is canonical and of a known kind.'),
  HEADS_NOT_WHOLE: incomplete('heads', 'A log of heads is judged from its first leaf on.'),
  HEADS_TOO_MANY_LOGS: incomplete('heads', 'A log of heads names at most 500,000 logs.'),
  LOG_OPENED_TWICE: tampered('heads', 'A log is opened once.'),
  HEAD_BEFORE_OPENING: tampered('heads', 'A log is opened before anything is said about it.'),
  HEAD_SHRANK: tampered('heads', 'A log never shrinks.'),
  HEAD_FORKED: tampered('heads', 'A log has one root at one size.'),
  PRUNED_BEYOND_HEAD: tampered('heads', 'Pruning only moves on, and not past the end of the log.'),
  ROTATION_UNSIGNED: tampered('heads', 'The old key signs for the new one.'),
  ROTATION_OF_UNKNOWN_KEY: tampered('heads', 'The key that is replaced was the one in use.'),
  BUNDLE_MISSING: incomplete('heads', 'Every log that was opened has its bundle.'),
  BUNDLE_UNKNOWN_LOG: tampered('heads', 'Every bundle is of a log that was opened.'),
  BUNDLE_BEHIND_HEAD: incomplete('heads', 'A bundle reaches its log’s last head.'),
  HEAD_ROOT_MISMATCH: tampered('heads', 'The tree at each head has the root of that head.'),
  HEAD_UNPROVEN: incomplete('heads', 'The bundle shows the tree as it was at its last head.'),
  HEADS_SPLIT: tampered('heads', 'The log of heads is the same for every bundle.'),
  HEADS_BEHIND: incomplete(
    'heads',
    'The bundle of heads is as new as what the other bundles prove.',
  ),

  QUORUM_NOT_MET: incomplete('witnesses', 'The witnesses of the policy’s quorum have cosigned.'),
  TIMESTAMP_INVALID: tampered('timestamps', 'A time stamp covers the checkpoint beside it.'),

  TILE_LENGTH: tampered('tree', 'A tile holds 32 bytes a hash.'),
  ROOT_MISMATCH: tampered('tree', 'The right edge of the tree gives the signed root.'),
  TILE_MISMATCH: tampered('tree', 'The root of every tile stands in the tile above.'),
  ENTRY_COUNT: tampered('tree', 'A bundle of entries holds one entry for each hash of its tile.'),
  LEAF_HASH_MISMATCH: tampered('tree', 'Every entry has the leaf hash of its place in the tree.'),

  PAYLOAD_LINE_MALFORMED: tampered(
    'payloads',
    'A payload line is canonical JSON of its four members.',
  ),
  EVIDENCE_UNASKED: tampered('payloads', 'Evidence is there exactly when bundle.json says so.'),
  PAYLOAD_MISSING: incomplete('completeness', 'Every entry that the bundle covers is disclosed.'),
  PAYLOAD_UNASKED: tampered(
    'completeness',
    'No entry is disclosed that the bundle does not cover.',
  ),
} as const satisfies Record<string, BundleRule>;

const ENTRY_FAULTS: Readonly<Record<Exclude<EntryFaultCode, 'LEAF_HASH_MISMATCH'>, BundleRule>> = {
  ENTRY_TOO_LARGE: tampered('headers', 'An entry has at most 65,535 bytes.'),
  ENTRY_MALFORMED: tampered('headers', 'An entry is strict JSON.'),
  ENTRY_KIND_UNKNOWN: tampered('headers', 'An entry is of kind audit/1 and v 1.'),
  ENTRY_FIELDS: tampered('headers', 'An entry has the fields of its kind, in their forms.'),
  ENTRY_NOT_CANONICAL: tampered('headers', 'An entry is in canonical form (RFC 8785).'),
  COLUMN_MISMATCH: tampered('headers', 'What stands beside an entry agrees with it.'),
  TENANT_MISMATCH: tampered('headers', 'Every entry is of the one tenant.'),
  SEQUENCE_MISMATCH: tampered('chain', 'Sequences run without gap.'),
  PREVIOUS_HASH_MISMATCH: tampered('chain', 'Every entry names the leaf hash of the one before.'),
  RECORDED_AT_DECREASED: tampered('chain', 'No entry was recorded before the one before it.'),
  PAYLOAD_DIGEST_MISMATCH: tampered('payloads', 'A payload has the digest of its entry.'),
  PAYLOAD_MALFORMED: tampered('payloads', 'A payload is strict JSON.'),
  PAYLOAD_NOT_CANONICAL: tampered('payloads', 'A payload is in canonical form (RFC 8785).'),
  PAYLOAD_VERSION_UNKNOWN: tampered('payloads', 'A payload is of v 1.'),
  DISCLOSURE_DUPLICATE: tampered('payloads', 'A value is disclosed once.'),
  DISCLOSURE_PATH_UNKNOWN: tampered('payloads', 'A disclosure is of a commitment in the payload.'),
  DISCLOSURE_MISMATCH: tampered('payloads', 'A disclosed value is the committed one.'),
  EVIDENCE_UNEXPECTED: tampered('payloads', 'There is evidence only where an entry names it.'),
  EVIDENCE_DIGEST_MISMATCH: tampered('payloads', 'Evidence has the digest of its entry.'),
};

const NOTE_FAULTS: Readonly<Record<CheckpointCode, BundleRule>> = {
  NOTE_TOO_LARGE: tampered('checkpoint', 'A signed note has at most a million bytes.'),
  NOTE_MALFORMED: tampered('checkpoint', 'The checkpoint is a signed note.'),
  NOTE_TOO_MANY_SIGNATURES: tampered('checkpoint', 'A signed note has at most 100 signatures.'),
  NOTE_SIGNATURE_INVALID: tampered('checkpoint', 'The signature of every known key holds.'),
  NOTE_UNVERIFIED: incomplete('checkpoint', 'A key that the policy file pins has signed.'),
  CHECKPOINT_MALFORMED: tampered('checkpoint', 'The signed text is a checkpoint.'),
  CHECKPOINT_ORIGIN: tampered('checkpoint', 'The checkpoint is of the log that the bundle names.'),
  CHECKPOINT_LOG_KEY: tampered('checkpoint', 'A key of the log itself has signed.'),
};

/** Every way in which a bundle can fail, by its code. */
export const BUNDLE_RULES = { ...OWN_RULES, ...ENTRY_FAULTS, ...NOTE_FAULTS } as const;
export type BundleFaultCode = keyof typeof OWN_RULES | EntryFaultCode | CheckpointCode;
