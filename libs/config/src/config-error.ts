import { AppError } from '@countersign/kernel';

/** One setting that cannot be used. Never holds its value: it may be a secret. */
export interface ConfigProblem {
  readonly name: string;
  readonly expected: string;
  readonly example: string;
}

/** CONFIG: every problem of the environment at once, in words for whoever set it. */
export class ConfigError extends AppError {
  constructor(readonly problems: readonly ConfigProblem[]) {
    super('CONFIG', {
      publicMessage: [
        problems.length === 1
          ? 'One setting cannot be used:'
          : `${problems.length} settings cannot be used:`,
        ...problems.map(
          (p) => `  ${p.name}: expected ${p.expected}. Example: ${p.name}=${p.example}`,
        ),
      ].join('\n'),
      hint: 'Correct the environment and start again; `countersign doctor` explains every setting.',
      details: { names: problems.map((p) => p.name) },
    });
  }
}
