import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { interopDir } from './rigs.js';
import { processes, ROOT, type Process } from './tools.js';
import { until } from './until.js';

const CLI = join(ROOT, 'dist', 'apps', 'cli', 'main.js');

/** `countersign witness` as a process of its own. */
export class WitnessProcess {
  private constructor(
    /** Its line for a tlog-policy file, with the address. */
    readonly policyLine: string,
    private readonly process: Process,
  ) {}

  static async start(
    place: string,
    name: string,
    logs: readonly string[],
  ): Promise<WitnessProcess> {
    const folder = join(interopDir(), place);
    mkdirSync(folder, { recursive: true });
    const logFile = join(folder, `${name}.log`);
    const where = [
      '--port',
      '0',
      '--store',
      join(folder, name),
      '--key',
      join(folder, `${name}.key`),
    ];
    const args = [
      'witness',
      ...where,
      '--name',
      `${name}.example`,
      ...logs.flatMap((log) => ['--log', log]),
    ];
    const process = processes.startNode(CLI, { args, cwd: ROOT, logFile });
    const line = await until(
      `the witness ${name} to listen (${logFile})`,
      () => /^witness (\S+) (\S+) (http:\S+)$/m.exec(readFileSync(logFile, 'utf8')),
      (found) => found !== null,
    );
    return new WitnessProcess(`witness ${name} ${line?.[2] ?? ''} ${line?.[3] ?? ''}`, process);
  }

  async stop(): Promise<void> {
    await processes.stopChild(this.process);
  }
}
