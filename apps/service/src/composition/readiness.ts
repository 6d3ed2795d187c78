import type { Database } from '@countersign/database';
import type { LedgerService } from '@countersign/ledger';

const PATIENCE_MS = 2_000;

/** Whether requests should be sent to this process. */
export class Readiness {
  constructor(
    private readonly database: Database,
    private readonly stopping: AbortSignal,
    private readonly ledger: Pick<LedgerService, 'readOnly'>,
  ) {}

  /** Why not; empty when it is ready. Never throws and answers in about two seconds at most. */
  async reasons(): Promise<string[]> {
    if (this.stopping.aborted) return ['the service is stopping'];
    const { readOnly } = this.ledger;
    return [
      ...((await this.#databaseAnswers()) ? [] : ['the database does not answer']),
      ...(readOnly === null ? [] : [`read-only, ${readOnly.code}: ${readOnly.reason}`]),
    ];
  }

  async #databaseAnswers(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => {
        resolve(false);
      }, PATIENCE_MS);
    });
    const answer = this.database
      .global((queryable) => queryable.query('SELECT 1'))
      .then(
        () => true,
        () => false,
      );
    try {
      return await Promise.race([answer, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }
}
