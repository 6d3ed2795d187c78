/** What chain code throws when a caller hands it something that has no canonical form or no meaning. */
export type ChainErrorCode =
  | 'LONE_SURROGATE'
  | 'NUMBER_NOT_FINITE'
  | 'UNSUPPORTED_VALUE'
  | 'TOO_DEEP'
  | 'ENTRY_FIELD_INVALID'
  | 'ENTRY_TOO_LARGE'
  | 'HASH_LENGTH'
  | 'SALT_LENGTH'
  | 'INDEX_OUT_OF_RANGE'
  | 'FRONTIER_MALFORMED'
  | 'KEY_MALFORMED'
  | 'NOTE_TEXT_INVALID'
  | 'CHECKPOINT_INVALID'
  | 'POLICY_INVALID'
  | 'HEAD_LEAF_INVALID';

/** A programming or configuration error, never the verdict on somebody else's bytes: those are returned values. */
export class ChainError extends Error {
  constructor(
    readonly code: ChainErrorCode,
    detail: string,
  ) {
    super(`${code}: ${detail}`);
    this.name = 'ChainError';
  }
}
