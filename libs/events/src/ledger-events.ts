/** Readable `data` of each ledger event. */
export const ledgerEvents = {} as const;
