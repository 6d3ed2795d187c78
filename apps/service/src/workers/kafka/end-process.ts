import type { AppError } from '@countersign/kernel';

/**
 * Ends the process with a sentence for the operator. A consumer that stopped for good must not leave a process behind
 * that looks healthy and reads nothing.
 */
export function endProcess(error: AppError): void {
  const hint = error.hint === undefined ? '' : `\n${error.hint}`;
  process.stderr.write(`countersign: ${error.publicMessage}${hint}\n`, () => process.exit(1));
}
