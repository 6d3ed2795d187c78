/** What the strict reader accepts. All maxima are inclusive. */
export interface JsonLimits {
  /** Size of the whole text in bytes. */
  readonly bytesMax: number;
  /** Nested arrays and objects; a scalar at the top has depth 0, `[]` depth 1. At most 512. */
  readonly depthMax: number;
  /** Values, containers included; keys do not count. */
  readonly nodesMax: number;
  /** UTF-8 bytes of one string or key after unescaping. */
  readonly stringBytesMax: number;
  /**
   * What becomes of an integer literal beyond ±(2^53 - 1). `text`: a string of exactly its digits, because a
   * double cannot hold it. `double`: the number, if that prints back as the same literal, and else text; only
   * for re-reading bytes that our canonicaliser wrote.
   */
  readonly bigIntegers: 'text' | 'double';
  /**
   * A key that stands twice. `refuse`, or `equal`: taken when both values read the same, so that no two readers can
   * understand the text differently.
   */
  readonly duplicateKeys: 'refuse' | 'equal';
}

/** Every door's limits. */
export const DEFAULT_LIMITS: JsonLimits = {
  bytesMax: 1024 * 1024,
  depthMax: 32,
  nodesMax: 50_000,
  stringBytesMax: 256 * 1024,
  bigIntegers: 'text',
  duplicateKeys: 'refuse',
};

/**
 * OpenLineage events carry whole query plans, and Spark's integration (1.53.0) writes the facet `processing_engine`
 * twice, equal, into some START events.
 */
export const OPEN_LINEAGE_LIMITS: JsonLimits = {
  ...DEFAULT_LIMITS,
  bytesMax: 8 * 1024 * 1024,
  depthMax: 200,
  nodesMax: 500_000,
  duplicateKeys: 'equal',
};

/** For re-reading hashed bytes: as wide as anything a door may have let in, plus the payload's own nesting. */
export const CANONICAL_LIMITS: JsonLimits = {
  bytesMax: 16 * 1024 * 1024,
  depthMax: 256,
  nodesMax: 1_000_000,
  stringBytesMax: 8 * 1024 * 1024,
  bigIntegers: 'double',
  duplicateKeys: 'refuse',
};
