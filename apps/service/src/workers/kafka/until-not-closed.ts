import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@countersign/kernel';

export interface Patience {
  /** Attempts after the first. */
  readonly tries: number;
  /** Between them: doubled each time, up to `max`. */
  readonly backoffMs: { readonly first: number; readonly max: number };
  readonly onRetry: (error: unknown) => void;
}

/**
 * Does `work` again while it fails because the broker closed a connection in the middle of a request, as one does that
 * restarts. kafkajs tries again by itself when it cannot connect, and not then. Any other failure is passed on at once.
 */
export async function untilNotClosed(
  work: () => Promise<void>,
  { backoffMs, onRetry, tries }: Patience,
): Promise<void> {
  for (let failed = 0; ; failed++) {
    try {
      await work();
      return;
    } catch (error) {
      if (!wasClosed(error) || failed >= tries) throw error;
      onRetry(error);
      await delay(Math.min(backoffMs.first * 2 ** failed, backoffMs.max));
    }
  }
}

function wasClosed(error: unknown): boolean {
  const cause = error instanceof AppError ? error.cause : error;
  return cause instanceof Error && cause.name === 'KafkaJSConnectionClosedError';
}
