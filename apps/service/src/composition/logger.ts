import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';

/**
 * One JSON line per fact. Requests are logged by method, route, status and time: never headers, bodies, tokens,
 * variables or query text.
 */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: null,
    redact: {
      paths: [
        '*.authorization',
        '*.headers',
        '*.password',
        '*.secret',
        '*.token',
        '*.connectionString',
      ],
      remove: true,
    },
    serializers: { err: describeError },
  });
}

/** Name, code, message and stack; nothing of what the error carries (a query's values, a request). */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code } = error as Error & { code?: unknown };
  return {
    name: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    message: error.message,
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}

/** What Nest says, at debug: its wiring is no news. */
export function nestLogger(log: Logger): LoggerService {
  const text = (message: unknown): string => String(message);
  return {
    log: (message: unknown) => {
      log.debug(text(message));
    },
    verbose: (message: unknown) => {
      log.trace(text(message));
    },
    debug: (message: unknown) => {
      log.trace(text(message));
    },
    warn: (message: unknown) => {
      log.warn(text(message));
    },
    error: (message: unknown, stack?: unknown) => {
      log.error({ stack }, text(message));
    },
  };
}
