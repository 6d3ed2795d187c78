/** What the process ends with. Scripts rely on these. */
export const EXIT = {
  ok: 0,
  /** What was checked does not hold. */
  tampered: 1,
  /** It could not be checked, or not done: something is missing or does not answer. */
  incomplete: 2,
  usage: 3,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An expected failure of a command: a sentence, what to do, and the exit code. */
export class CommandFailure extends Error {
  constructor(
    message: string,
    readonly hint: string,
    readonly exitCode: ExitCode = EXIT.incomplete,
  ) {
    super(message);
    this.name = 'CommandFailure';
  }
}
