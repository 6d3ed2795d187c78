/** What an AppError carries beside its code. Two texts on purpose: one for the caller, one for the operator. */
export interface AppErrorOptions {
  /** A sentence that may be shown to whoever asked. Never names another tenant's data. */
  readonly publicMessage: string;
  /** What the caller can do about it. */
  readonly hint?: string;
  /** For logs only; never leaves the process. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * An unexpected failure, or an expected one at a boundary where a value cannot be returned.
 * `code` is stable and machine-readable; each transport maps it outward in one place.
 */
export class AppError extends Error {
  readonly code: string;
  readonly publicMessage: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, options: AppErrorOptions) {
    super(
      `${code}: ${options.publicMessage}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'AppError';
    this.code = code;
    this.publicMessage = options.publicMessage;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
}

/** True for an AppError, optionally of one code. */
export function isAppError(error: unknown, code?: string): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code);
}
