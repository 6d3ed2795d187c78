/**
 * Where a sealed value of the ledger stands: the context that it is sealed for. The entry's id, which its hashed header
 * names, stands for its place in the log, so that values can be sealed before they are numbered; the tenant is in the
 * key.
 */
export const places = {
  payload: (entryId: string): string => `ledger_payload/${entryId}`,
  disclosure: (entryId: string, path: string): string => `ledger_disclosure/${entryId}${path}`,
  evidence: (entryId: string): string => `ledger_evidence/${entryId}`,
} as const;
