import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { postgres, type EmbeddedPostgres } from './tools.js';
import { until } from './until.js';

/** A PostgreSQL of one spec, which can be killed. */
export class DatabaseProcess {
  private constructor(
    private readonly directory: string,
    private server: EmbeddedPostgres,
  ) {}

  static async start(directory: string, port: number): Promise<DatabaseProcess> {
    const server = await postgres.startEmbeddedPostgres({ directory, port });
    await server.ensureDatabase('countersign');
    return new DatabaseProcess(directory, server);
  }

  /** As the service connects. */
  get url(): string {
    return this.server.appUrl('countersign');
  }

  /** As migrations connect. */
  get ownerUrl(): string {
    return this.server.ownerUrl('countersign');
  }

  /** SIGKILL to the postmaster and everything it started, as a machine that dies would. */
  async kill(): Promise<void> {
    const file = join(this.directory, 'data', 'postmaster.pid');
    const postmaster = Number(readFileSync(file, 'utf8').split('\n')[0]);
    const family = [postmaster, ...childrenOf(postmaster)];
    for (const pid of family) killQuietly(pid);
    await until(
      'the database to be gone',
      () => family.filter(isAlive),
      (left) => left.length === 0,
    );
    // Until somebody reaps the dead postmaster, its id would count as a running server.
    rmSync(file);
  }

  /** Starts it again on its data and port: crash recovery. */
  async startAgain(): Promise<void> {
    const { port } = this.server;
    this.server = await postgres.startEmbeddedPostgres({ directory: this.directory, port });
    if (this.server.port !== port) throw new Error(`port ${port} of the database was taken`);
  }

  stop(): void {
    this.server.stop();
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

/** Field 4 of /proc/<pid>/stat, behind the name in parentheses. */
function parentOf(pid: number): number | undefined {
  const stat = statOf(pid);
  return stat === undefined ? undefined : Number(stat[1]);
}

function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** A zombie holds neither memory nor files. */
function isAlive(pid: number): boolean {
  const state = statOf(pid)?.[0];
  return state !== undefined && state !== 'Z';
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone already, with its parent
  }
}
