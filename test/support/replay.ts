import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface AliasMove {
  readonly name: string;
  readonly alias: string;
  readonly version: string;
}

export interface ReplayServer {
  readonly url: string;
  advance(): void;
  stop(): Promise<void>;
}

export interface ReplayOptions {
  readonly fixtures: string;
  readonly port?: number;
  readonly onOperation?: (operation: AliasMove) => void;
}

/** The registry of a recorded session, as tools/replay-server.mjs stands in for it. */
export async function startReplayServer(options: ReplayOptions): Promise<ReplayServer> {
  const tool = (await import(
    pathToFileURL(join(process.cwd(), 'tools', 'replay-server.mjs')).href
  )) as { startReplayServer: (options: ReplayOptions) => Promise<ReplayServer> };
  return tool.startReplayServer(options);
}
