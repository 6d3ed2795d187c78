import { join } from 'node:path';

/** Top of the checkout. */
export const ROOT = process.cwd();

/** A child process of tools/processes.mjs. */
export interface Process {
  readonly child: { readonly pid?: number; kill(signal: NodeJS.Signals): boolean };
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  readonly logFile: string;
}

interface Processes {
  startNode(
    script: string,
    options: { args?: readonly string[]; env?: NodeJS.ProcessEnv; logFile: string; cwd: string },
  ): Process;
  stopChild(process: Process, graceMs?: number): Promise<void>;
  lastLines(file: string, count: number): string;
}

/** A running cluster of tools/embedded-postgres.mjs. */
export interface EmbeddedPostgres {
  readonly port: number;
  ownerUrl(database: string): string;
  appUrl(database: string): string;
  ensureDatabase(database: string): Promise<void>;
  stop(): unknown;
}

interface EmbeddedPostgresTool {
  startEmbeddedPostgres(options: { directory: string; port: number }): Promise<EmbeddedPostgres>;
}

export interface DemoTool {
  runDemo(options: {
    url: string;
    fixtures: string;
    demoFile: string;
    step: (text: string) => void;
    say: (text: string) => void;
    onStop: (stop: () => unknown) => void;
  }): Promise<void>;
}

/** The tools are plain JavaScript, which the compiler does not look into. */
async function load(file: string): Promise<unknown> {
  return import(join(ROOT, 'tools', file));
}

export const processes = (await load('processes.mjs')) as Processes;
export const postgres = (await load('embedded-postgres.mjs')) as EmbeddedPostgresTool;

/** The demo's story, loaded when it is played. */
export async function demo(): Promise<DemoTool> {
  return (await load('demo/story.mjs')) as DemoTool;
}
