import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@countersign/kernel';

export interface Patience {
  /** Attempts after the first. */
  readonly tries: number;
  /** Between them: doubled each time, up to `max`. */
  readonly backoffMs: { readonly first: number; readonly max: number };
  readonly onRetry: (error: unknown) => void;
}

/** Names of kafkajs errors that pass once the broker is back. */
const PASSING: ReadonlySet<string> = new Set([
  'KafkaJSBrokerNotFound',
  'KafkaJSConnectionClosedError',
  'KafkaJSConnectionError',
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSLockTimeout',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSRequestTimeoutError',
]);
/** A codec, a message format, a password. */
const LASTING: ReadonlySet<string> = new Set([
  'KafkaJSNotImplemented',
  'KafkaJSSASLAuthenticationError',
  'KafkaJSServerDoesNotSupportApiKey',
  'KafkaJSUnsupportedMagicByteInMessageSet',
]);

/** Whether an error is that of a broker which is away, or went away in the middle of something, as one does that restarts. */
export function isBrokerAway(error: unknown): boolean {
  const passes = chainOf(error).some(({ name }) => PASSING.has(name));
  return (passes || gaveUp(error)) && !isLasting(error);
}

/**
 * Whether an error comes again however often the same is tried: what a broker refuses and what kafkajs cannot read. False
 * for anything unknown: a connection that is cut off at the wrong moment leaves kafkajs with errors of no name.
 */
export function isLasting(error: unknown): boolean {
  return chainOf(error).some(
    (cause) =>
      cause instanceof AppError ||
      LASTING.has(cause.name) ||
      (cause.name === 'KafkaJSProtocolError' && 'retriable' in cause && cause.retriable === false),
  );
}

/**
 * Does `work` again while it fails for a reason that may pass. kafkajs tries again by itself when it cannot connect at
 * all, and what it gave up after as many tries as it was told to make is not tried again here; but it passes on what
 * cuts a request off. What lasts is passed on at once, the rest after `tries`.
 */
export async function whileBrokerAway(
  work: () => Promise<void>,
  { backoffMs, onRetry, tries }: Patience,
): Promise<void> {
  for (let failed = 0; ; failed++) {
    try {
      await work();
      return;
    } catch (error) {
      if (isLasting(error) || gaveUp(error) || failed >= tries) throw error;
      onRetry(error);
      await delay(Math.min(backoffMs.first * 2 ** failed, backoffMs.max));
    }
  }
}

function gaveUp(error: unknown): boolean {
  return chainOf(error).some(({ name }) => name === 'KafkaJSNumberOfRetriesExceeded');
}

/** An error and what caused it, outermost first. */
function chainOf(error: unknown): Error[] {
  const chain: Error[] = [];
  for (
    let at = error;
    at instanceof Error && chain.length < 8 && !chain.includes(at);
    at = at.cause
  ) {
    chain.push(at);
  }
  return chain;
}
