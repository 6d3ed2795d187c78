import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommanderError, type Command } from 'commander';
import { CommandFailure } from './exit.js';
import type { Output } from './output.js';
import { createProgram } from './program.js';

interface Manifest {
  readonly origin: string;
  readonly vkey: string;
  readonly files: readonly {
    readonly file: string;
    readonly code: string | null;
    readonly sequence: number | null;
  }[];
}

const chains = join(process.cwd(), 'test', 'fixtures', 'chains');
const manifest = JSON.parse(readFileSync(join(chains, 'manifest.json'), 'utf8')) as Manifest;

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function run(...args: string[]): Promise<Run> {
  const lines = { out: [] as string[], err: [] as string[] };
  const output: Output = {
    out: (line) => lines.out.push(line),
    err: (line) => lines.err.push(line),
    progress: () => undefined,
  };
  let code: number | null = null;
  const program = createProgram(output, (exitCode) => {
    code = exitCode;
  });
  const text = (): Run => ({ code, out: lines.out.join('\n'), err: lines.err.join('\n') });
  try {
    everyCommand(program).forEach((command) => command.configureOutput({ writeOut: output.out }));
    await program.parseAsync(['node', 'countersign', ...args]);
  } catch (error) {
    if (error instanceof CommandFailure)
      return { ...text(), code: error.exitCode, err: error.message };
    if (error instanceof CommanderError) return { ...text(), code: error.exitCode === 0 ? 0 : 3 };
    throw error;
  }
  return text();
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

describe('countersign verify <file>', () => {
  it.each(manifest.files.map((one) => [one.file, one.code, one.sequence] as const))(
    '%s: %s',
    async (file, code, sequence) => {
      const { origin, vkey } = manifest;
      const { code: exit, out } = await run(
        'verify',
        join(chains, file),
        '--origin',
        origin,
        '--key',
        vkey,
        '--json',
      );
      const result = JSON.parse(out) as {
        ok: boolean;
        code: string | null;
        sequence: string | null;
      };
      expect(result).toMatchObject({
        ok: code === null,
        code,
        sequence: sequence === null ? null : String(sequence),
      });
      expect(exit).toBe(code === null ? 0 : code === 'CHECKPOINT_MISSING' ? 2 : 1);
    },
  );

  it('cannot verify a file that is not there, and says so with exit code 2', async () => {
    const { code, out } = await run(
      'verify',
      'nothing.jsonl',
      '--origin',
      'o',
      '--key',
      manifest.vkey,
    );
    expect(code).toBe(2);
    expect(out).toContain('nothing.jsonl cannot be read');
  });

  it('is used wrongly without a pinned key, with exit code 3', async () => {
    expect(await run('verify', 'a.jsonl')).toMatchObject({ code: 3 });
    expect(await run('verify')).toMatchObject({ code: 3 });
    expect(await run('verify', '--live')).toMatchObject({ code: 3 });
    expect(await run('verify', 'a', '--origin', 'o', '--key', 'no key')).toMatchObject({ code: 3 });
  });
});

describe('the commands', () => {
  const names = [
    'verify',
    'token',
    'tail',
    'source add',
    'source list',
    'source rotate',
    'source test',
    'doctor',
    'migrate',
    'tenant open',
    'trust',
    'key rotate',
  ];

  it.each(names)('%s has a help with an example', async (name) => {
    const { code, out } = await run(...name.split(' '), '--help');
    expect(code).toBe(0);
    expect(out).toMatch(/Examples?:\n {2}\S/);
    expect(out).toContain(`countersign ${name}`);
  });

  it.each([
    ['an unknown command', ['fly']],
    ['an unknown option', ['doctor', '--fast']],
    ['a missing option', ['token']],
    ['a sequence that is none', ['tail', '--as', 'ana@acme', '--after', '-3']],
  ])('%s is wrong use: exit code 3', async (_what, args) => {
    expect((await run(...args)).code).toBe(3);
  });
});
