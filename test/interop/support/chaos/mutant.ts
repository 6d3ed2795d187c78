import { APPEND_SQL } from '../../../../libs/ledger/src/append/statement.js';

const COMPARISON = ' AND size = $2::bigint';

/** The append as it would be if it replaced whatever head it found. Throws when the comparison is not where it was. */
export function appendSqlWithoutComparison(): string {
  if (!APPEND_SQL.includes(COMPARISON)) throw new Error(`the append no longer says${COMPARISON}`);
  return APPEND_SQL.replace(COMPARISON, '');
}
