import { Command } from 'commander';
import { CommandFailure, EXIT } from './exit.js';
import type { Output } from './output.js';
import { verifyFile } from './verify/verify-file.js';

interface VerifyOptions {
  readonly live?: true;
  readonly tenant?: string;
  readonly key?: string;
  readonly origin?: string;
  readonly json?: true;
}

const HELP = `
Exit codes: 0 it holds, 1 something was changed, 2 it could not be verified, 3 wrong use.

Examples:
  countersign verify acme.jsonl --origin countersign.local/3f9a… --key 'countersign.local/3f9a…+36c2fe9b+ARl…'
  countersign verify --live --tenant acme`;

/** What a check of the running ledger answers; the command that does it is loaded only then. */
export type LiveCheck = (
  request: { tenant: string; json: boolean },
  output: Output,
) => Promise<number>;

/** `verify`: an export, offline; or with --live the ledger in the database. */
export function verifyCommand(
  output: Output,
  loadLive: () => Promise<LiveCheck>,
  exit: (code: number) => void,
): Command {
  return new Command('verify')
    .description('verify a ledger: an export offline, or the live one in its database')
    .argument('[file]', 'a JSON-lines export: the checkpoint first, then every entry')
    .option('--origin <origin>', 'the name of the log that you expect')
    .option('--key <vkey>', 'the verifier key of the log, which you got from elsewhere')
    .option('--live', 'read the database of this installation instead of a file')
    .option('--tenant <slug>', 'with --live: whose ledger')
    .option('--json', 'print one JSON object')
    .addHelpText('after', HELP)
    .action(async (file: string | undefined, options: VerifyOptions) => {
      if (options.live === true) {
        if (options.tenant === undefined) throw usage('--live needs --tenant <slug>.');
        const live = await loadLive();
        exit(await live({ tenant: options.tenant, json: options.json === true }, output));
        return;
      }
      if (file === undefined) throw usage('Name a file, or use --live --tenant <slug>.');
      const { key, origin } = options;
      if (key === undefined || origin === undefined) {
        throw usage('A file is verified against --origin and --key, which you pin yourself.');
      }
      const { exitCode, ...result } = await verifyFile({ file, key, origin });
      output.out(
        options.json === true
          ? JSON.stringify(result)
          : result.ok
            ? `OK: ${result.detail}`
            : `BAD: ${result.code ?? ''}${result.sequence === null ? '' : ` at sequence ${result.sequence}`}: ${result.detail}`,
      );
      exit(exitCode);
    });
}

function usage(message: string): CommandFailure {
  return new CommandFailure(message, 'See countersign verify --help.', EXIT.usage);
}
