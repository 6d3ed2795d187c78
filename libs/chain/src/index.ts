export { ChainError, type ChainErrorCode } from './errors.js';
export { HASH_BYTES, sameBytes, sha256, sha256Hex, sha256Into, toHex } from './hash.js';
export { isJsonObject, type Json, type JsonObject } from './json/json.js';
export {
  CANONICAL_LIMITS,
  DEFAULT_LIMITS,
  OPEN_LINEAGE_LIMITS,
  type JsonLimits,
} from './json/limits.js';
export {
  parseStrictJson,
  type StrictJsonCode,
  type StrictJsonFailure,
  type StrictJsonResult,
} from './json/strict-json.js';
export { canonicalize, canonicalText } from './json/canonical.js';
export { ENTRY_BYTES_MAX, ENTRY_KIND, NO_PREVIOUS, type EntryHeader } from './entry/header.js';
export { encodeEntry, encodeLeaf, type EncodedEntry } from './entry/encode.js';
export { decodeEntry, type DecodeEntryCode, type DecodeEntryResult } from './entry/decode.js';
export { EMPTY_ROOT, foldPerfect, leafHash, nodeHash } from './tree/hashing.js';
export { rootOf } from './tree/root-of.js';
export { Frontier } from './tree/frontier.js';
export {
  partialTiles,
  perfectRoot,
  TILE_BYTES,
  TILE_HEIGHT,
  TILE_WIDTH,
  TileBuilder,
  type FullTile,
  type PartialTile,
} from './tree/tiles.js';
export { consistencyProof, inclusionProof } from './tree/prove.js';
export {
  verifyConsistency,
  verifyInclusion,
  type ConsistencyClaim,
  type InclusionClaim,
} from './tree/verify-proof.js';
export { commit, evidenceDigest, isCommitment, SALT_BYTES } from './payload/commitment.js';
export {
  sealPayload,
  type Disclosure,
  type PersonalMark,
  type SealedPayload,
  type SealOptions,
} from './payload/seal.js';
export {
  openPayload,
  type DisclosedValue,
  type OpenPayloadCode,
  type OpenPayloadResult,
} from './payload/open.js';
export {
  formatSignerKey,
  noteSigner,
  noteVerifier,
  parseSignerKey,
  parseVerifierKey,
  privateKeyFromSeed,
  type NoteSigner,
  type NoteVerifier,
} from './note/keys.js';
export {
  NOTE_BYTES_MAX,
  NOTE_SIGNATURES_MAX,
  formatSignatureLine,
  noteText,
  parseSignatureLine,
  signNote,
  verifyNote,
  type NoteCode,
  type NoteSignature,
  type VerifiedNote,
} from './note/signed-note.js';
export {
  formatCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
  type Checkpoint,
  type CheckpointCode,
  type CheckpointPolicy,
  type VerifiedCheckpoint,
} from './note/checkpoint.js';
export { isSize, parseSize, PROOF_HASHES_MAX, TREE_SIZE_MAX } from './tlog/size.js';
export { parseTilePath, tilePath, type TileName } from './tlog/tile-path.js';
export {
  decodeEntryBundle,
  encodeEntryBundle,
  ENTRY_BUNDLE_BYTES_MAX,
} from './tlog/entry-bundle.js';
export { formatHashLines, parseHashLines } from './tlog/hash-lines.js';
export {
  formatTlogProof,
  parseTlogProof,
  verifyTlogProof,
  type TlogProof,
  type TlogProofCode,
  type TlogProofVerdict,
} from './tlog/tlog-proof.js';
export { cosignatureTime, cosigner, parseCosignerKey, type Cosigner } from './tlog/cosignature.js';
export {
  addSignatureLines,
  cosignaturesOf,
  verifyCosignatures,
  type Cosignature,
} from './tlog/cosigned-note.js';
export {
  formatAddCheckpoint,
  parseAddCheckpoint,
  type AddCheckpoint,
} from './tlog/add-checkpoint.js';
export {
  NO_QUORUM,
  quorumMet,
  type PolicyGroup,
  type PolicyLog,
  type PolicyWitness,
  type TlogPolicy,
} from './tlog/policy.js';
export {
  formatTlogPolicy,
  parseTlogPolicy,
  type ParsedPolicy,
  type PolicyCode,
} from './tlog/policy-text.js';
export {
  policyKeys,
  verifyWithPolicy,
  type PolicyKeys,
  type PolicyVerdict,
} from './tlog/policy-check.js';
export {
  HEAD_LEAF_BYTES_MAX,
  type Head,
  type HeadLeaf,
  type KeyRotated,
  type LogOpened,
  type LogPruned,
} from './heads/head-leaf.js';
export { encodeHeadLeaf } from './heads/encode-head-leaf.js';
export {
  decodeHeadLeaf,
  type DecodedHeadLeaf,
  type HeadLeafCode,
} from './heads/decode-head-leaf.js';
export { signRotation, verifyRotation } from './heads/key-rotation.js';
export type {
  ChainFault,
  ChainRecord,
  EntryColumns,
  EntryFaultCode,
  TreeFaultCode,
} from './verify/record.js';
export { EntryChain, type EntryLink, type EntryVerdict } from './verify/entry-chain.js';
export { CONTENT_RULES, ENTRY_RULES, HEADER_RULES, type EntryRule } from './verify/rules.js';
export {
  ChainVerifier,
  verifyEntries,
  type ChainPosition,
  type ChainReport,
  type ChainVerifierOptions,
  type ExpectedHead,
} from './verify/chain-verifier.js';
export { parseExportLine, type ExportedCheckpoint, type ExportLine } from './verify/export-line.js';
export {
  verifyExport,
  type ExportFaultCode,
  type ExportPolicy,
  type ExportVerdict,
} from './verify/verify-export.js';
export {
  anchorPath,
  BUNDLE_FILES,
  isAnchorPath,
  payloadPath,
  treeFilePath,
  treeFiles,
  type BundleRange,
  type TreeFile,
} from './bundle/layout.js';
export {
  BUNDLE_FORMAT,
  formatBundleManifest,
  parseBundleManifest,
  type BundleManifest,
  type ManifestResult,
} from './bundle/manifest.js';
export { matchesBundleFilter, parseBundleFilter, type BundleFilter } from './bundle/filter.js';
export {
  formatPayloadLine,
  parsePayloadLine,
  PAYLOAD_LINE_BYTES_MAX,
  type PayloadLine,
} from './bundle/payload-line.js';
export type { BundleReader } from './bundle/reader.js';
export {
  BUNDLE_CHECKS,
  BUNDLE_RULES,
  type BundleCheckName,
  type BundleFaultCode,
  type BundleRule,
} from './bundle/rules.js';
export type { BundleCheck, BundleFault, BundleReport } from './bundle/report.js';
export type { BundleOptions, TimestampVerdict } from './bundle/options.js';
export { verifyBundle } from './bundle/verify-bundle.js';
export { verifyBundleSet, type BundleSetReport, type NamedBundle } from './bundle/verify-set.js';
