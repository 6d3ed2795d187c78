/**
 * Deliveries of the entries that hold what people wrote. Reasons and comments are kept nowhere else, so what is erased in
 * the ledger is gone.
 */
export function requestDelivery(requestId: string): string {
  return `promotion:${requestId}:0:requested`;
}

/** `rowVersion`: of the request, once the vote was cast. */
export function voteDelivery(requestId: string, rowVersion: number): string {
  return `promotion:${requestId}:${rowVersion}:vote_cast`;
}
