import { CommanderError } from 'commander';
import { CommandFailure, EXIT } from './exit.js';
import { terminal } from './output.js';
import { createProgram } from './program.js';

// `countersign … | head` closes the pipe early: that is the reader's wish, not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  const program = createProgram(terminal, (code) => {
    process.exitCode = code;
  });
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = explain(error);
}

/** Says what went wrong and returns the exit code. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CommandFailure) {
    terminal.err(error.hint === '' ? error.message : `${error.message} ${error.hint}`);
    return error.exitCode;
  }
  // Errors of the libs, which `verify` must not load to recognise them.
  const { publicMessage, hint } = error as { publicMessage?: string; hint?: string };
  if (publicMessage !== undefined) {
    terminal.err(hint === undefined ? publicMessage : `${publicMessage}\n${hint}`);
    return EXIT.incomplete;
  }
  terminal.err(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT.incomplete;
}
