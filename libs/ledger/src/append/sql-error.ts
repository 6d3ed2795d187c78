/** What an error of the database means for a batch. */
export type FailureKind =
  /** A delivery is there already: settle with the head locked. */
  | 'repetition'
  /** The content was refused: another attempt cannot succeed. */
  | 'content'
  /** Anything else, a lost connection included: the outcome may be in doubt; try again. */
  | 'transient';

/** SQLSTATE classes that blame the data: data exception, integrity constraint, syntax or access rule. */
const CONTENT_CLASSES = new Set(['22', '23', '42']);

/** The re-check inside PostgreSQL found that the batch would not hold together. */
const CHAIN_BROKEN = 'CS010';

export function failureKind(error: unknown): FailureKind {
  const code = sqlState(error);
  if (code === '23505') return 'repetition';
  if (code === CHAIN_BROKEN) return 'content';
  return CONTENT_CLASSES.has(code.slice(0, 2)) ? 'content' : 'transient';
}

/** PostgreSQL's five-character code; empty for an error that did not come from the server. */
export function sqlState(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  const { code } = error;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : '';
}
