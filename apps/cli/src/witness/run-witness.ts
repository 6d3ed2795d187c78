import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { ChainError, parseTlogPolicy } from '@countersign/chain';
import { systemClock } from '@countersign/kernel';
import { loadOrCreateWitnessKey, StateFolder, Witness, witnessServer } from '@countersign/witness';
import { CommandFailure, EXIT } from '../exit.js';
import type { Output } from '../output.js';

export interface WitnessOptions {
  readonly port: number;
  readonly host: string;
  readonly store: string;
  readonly key: string;
  readonly name: string;
  /** Verifier keys of logs. */
  readonly log?: string[];
  /** A tlog-policy file whose log lines are taken. */
  readonly policy?: string;
}

/** Serves until SIGTERM or SIGINT. Prints the line for the policy of those who rely on it. */
export async function runWitness(options: WitnessOptions, output: Output): Promise<void> {
  const logs = [...(options.log ?? []), ...(await logsOf(options.policy))];
  if (logs.length === 0) {
    throw new CommandFailure(
      'A witness needs to know at least one log.',
      'Add --log <vkey> (countersign trust prints it) or --policy FILE.',
      EXIT.usage,
    );
  }
  const key = await loadOrCreateWitnessKey(options.key);
  const state = await StateFolder.open(options.store);
  try {
    const witness = new Witness({ name: options.name, key, logs, state, clock: systemClock });
    await serve(witness, options, output);
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    throw new CommandFailure(
      `A key or the name is malformed: ${error.message}.`,
      'See --help.',
      EXIT.usage,
    );
  } finally {
    await state.close();
  }
}

async function serve(witness: Witness, options: WitnessOptions, output: Output): Promise<void> {
  const server = witnessServer({
    witness,
    onFailure: (error) => {
      output.err(error instanceof Error ? error.message : String(error));
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new CommandFailure(
          `Port ${options.port} cannot be used (${error.code ?? error.message}).`,
          'Give --port another one.',
        ),
      );
    });
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  output.out(`witness ${options.name} ${witness.vkey} http://${options.host}:${port}`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        server.close(() => {
          resolve();
        });
        server.closeIdleConnections();
      });
    }
  });
}

async function logsOf(file: string | undefined): Promise<string[]> {
  if (file === undefined) return [];
  const text = await readFile(file, 'utf8').catch(() => {
    throw new CommandFailure(`The policy ${file} cannot be read.`, 'Check --policy.', EXIT.usage);
  });
  const parsed = parseTlogPolicy(text);
  if (parsed.ok) return parsed.policy.logs.map(({ vkey }) => vkey);
  throw new CommandFailure(
    `Line ${parsed.line} of ${file} is wrong: ${parsed.detail}.`,
    'It must be a C2SP tlog-policy file.',
    EXIT.usage,
  );
}
