import { createProgram } from '../../apps/cli/src/program.js';

export interface CommandAnswer {
  /** Everything that was printed. */
  readonly text: string;
  /** 0, or the exit code that the command asked for. */
  readonly code: number;
}

/** A command of the command line, in this process, on the installation that the environment names. */
export async function countersign(...words: string[]): Promise<CommandAnswer> {
  const lines: string[] = [];
  let code = 0;
  const out = (line: string): void => {
    lines.push(line);
  };
  const program = createProgram({ out, err: out, progress: () => undefined }, (exit) => {
    code = exit;
  });
  await program.parseAsync(words, { from: 'user' });
  return { text: lines.join('\n'), code };
}
