import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { noteSigner } from '@countersign/chain';
import { loadOrCreateSigningKey } from '@countersign/ledger';
import { DatabaseProcess } from './database-process.js';
import { freePort } from './free-port.js';
import { Person } from './person.js';
import { interopDir } from './rigs.js';
import { run, runWell, type Ran } from './run.js';
import { processes, ROOT, type Process } from './tools.js';
import { until } from './until.js';

const SERVICE = join(ROOT, 'dist', 'apps', 'service', 'main.js');
const CLI = join(ROOT, 'dist', 'apps', 'cli', 'main.js');
const READY_MS = 90_000;

/** The built service as a process of its own, on a database of its own. */
export class Installation {
  readonly url: string;
  readonly #people = new Map<string, Person>();
  #service: Process | undefined;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    readonly database: DatabaseProcess,
  ) {
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Makes database and schema; the service is not started. */
  static async create(name: string): Promise<Installation> {
    const folder = join(interopDir(), name);
    mkdirSync(folder, { recursive: true });
    const database = await DatabaseProcess.start(join(folder, 'pg'), await freePort());
    const installation = new Installation(folder, await freePort(), database);
    try {
      await runWell(process.execPath, [CLI, 'migrate'], { env: installation.#env() });
    } catch (error) {
      await installation.close();
      throw error;
    }
    return installation;
  }

  /** Starts the service and waits until it says that it is ready. */
  async start(env: NodeJS.ProcessEnv = {}): Promise<void> {
    this.launch(env);
    await this.ready();
  }

  /** Starts the service and does not wait. */
  launch(env: NodeJS.ProcessEnv = {}): void {
    const logFile = this.logFile;
    this.#service = processes.startNode(SERVICE, { cwd: ROOT, logFile, env: this.#env(env) });
  }

  async ready(): Promise<void> {
    let ended = false;
    void this.#running().exited.then(() => (ended = true));
    const state = await until(
      `the service to be ready (${this.logFile})`,
      async () => (ended ? 'ended' : await this.#readyz()),
      (found) => found === 200 || found === 'ended',
      { timeoutMs: READY_MS },
    );
    if (state === 'ended') {
      throw new Error(`the service ended:\n${processes.lastLines(this.logFile, 20)}`);
    }
  }

  /** SIGKILL: nothing is finished, nothing is said. */
  async kill(): Promise<void> {
    const { child, exited } = this.#running();
    child.kill('SIGKILL');
    await exited;
  }

  /** How the service ended by itself. */
  ended(): Promise<{ code: number | null; signal: string | null }> {
    return this.#running().exited;
  }

  async stop(): Promise<void> {
    if (this.#service !== undefined) await processes.stopChild(this.#service);
    this.#service = undefined;
  }

  /** Stops everything that this installation started. */
  async close(): Promise<void> {
    await this.stop();
    this.database.stop();
  }

  person(name: string): Person {
    const person = this.#people.get(name) ?? new Person(this.url, name);
    this.#people.set(name, person);
    return person;
  }

  cli(...args: string[]): Promise<Ran> {
    return run(process.execPath, [CLI, ...args], { env: this.#env() });
  }

  get logFile(): string {
    return join(this.folder, 'service.log');
  }

  /** The key that an auditor would have pinned: of the log with this origin. */
  async verifierKey(origin: string): Promise<string> {
    const file = join(this.folder, 'keys', 'checkpoint.key');
    return noteSigner(origin, await loadOrCreateSigningKey(file)).verifier.vkey;
  }

  #env(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return {
      NODE_ENV: 'development',
      DATABASE_URL: this.database.url,
      DATABASE_MIGRATION_URL: this.database.ownerUrl,
      DATA_DIR: this.folder,
      PORT: String(this.port),
      PUBLIC_URL: this.url,
      LOG_LEVEL: 'warn',
      ...more,
    };
  }

  #running(): Process {
    if (this.#service === undefined) throw new Error('the service was not started');
    return this.#service;
  }

  async #readyz(): Promise<number> {
    return (await fetch(`${this.url}/readyz`)).status;
  }
}
