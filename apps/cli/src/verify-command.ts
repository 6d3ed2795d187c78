import { Command, InvalidArgumentError, Option } from 'commander';
import { CommandFailure, EXIT } from './exit.js';
import type { Output } from './output.js';
import { timestampVerifier } from './timestamp-verifier.js';
import { verifyFile } from './verify/verify-file.js';
import { verifyFolder } from './verify/verify-folder.js';

interface VerifyOptions {
  readonly live?: true;
  readonly tenant?: string;
  readonly key?: string;
  readonly origin?: string;
  readonly json?: true;
  readonly level?: LiveRequest['level'];
  readonly workers?: number;
  readonly state?: string;
  readonly full?: true;
  readonly policy?: string;
  readonly known?: string;
  readonly with?: readonly string[];
  readonly tsaCert?: string;
}

/** What `verify --live` was asked for. */
export interface LiveRequest {
  readonly tenant: string;
  readonly json: boolean;
  readonly level: 'hashes' | 'headers' | 'payloads';
  /** Threads; undefined: as many as the machine has to spare. */
  readonly workers: number | undefined;
  /** A file that remembers what the last check found whole, to go on from there. */
  readonly state: string | undefined;
  /** Begins at the first entry in spite of `state`. */
  readonly full: boolean;
}

const HELP = `
Exit codes: 0 it holds, 1 something was changed, 2 it could not be verified, 3 wrong use.

Examples:
  countersign verify acme-bundle --policy acme.policy
  countersign verify acme-bundle --policy acme.policy --known last-year.checkpoint --json
  countersign verify heads-bundle --policy all.policy --with acme-bundle globex-bundle
  countersign verify acme.jsonl --origin countersign.local/3f9a… --key 'countersign.local/3f9a…+36c2fe9b+ARl…'
  countersign verify --live --tenant acme
  countersign verify --live --tenant acme --level headers --state /mnt/elsewhere/acme.verified`;

/** What a check of the running ledger answers; the command that does it is loaded only then. */
export type LiveCheck = (request: LiveRequest, output: Output) => Promise<number>;

/** `verify`: an export, offline; or with --live the ledger in the database. */
export function verifyCommand(
  output: Output,
  loadLive: () => Promise<LiveCheck>,
  exit: (code: number) => void,
): Command {
  return new Command('verify')
    .description('verify a ledger: an export offline, or the live one in its database')
    .argument('[bundle]', 'a folder that export wrote, or a JSON-lines file of entries')
    .option('--policy <file>', 'for a bundle: the tlog-policy file with what you trust (see trust)')
    .option('--known <file>', 'for a bundle: a checkpoint that you kept from an earlier time')
    .option('--with <bundles...>', "for a bundle of the log of heads: the tenants' bundles")
    .option('--tsa-cert <file>', 'for a bundle: PEM certificates of the time-stamping authority')
    .option('--origin <origin>', 'the name of the log that you expect')
    .option('--key <vkey>', 'the verifier key of the log, which you got from elsewhere')
    .option('--live', 'read the database of this installation instead of a file')
    .option('--tenant <slug>', 'with --live: whose ledger')
    .addOption(
      new Option('--level <level>', 'with --live: how deep')
        .choices(['hashes', 'headers', 'payloads'])
        .default('payloads'),
    )
    .option('--workers <threads>', 'with --live: default by the number of processors', threads)
    .option('--state <file>', 'with --live: go on from the last check, and remember this one')
    .option('--full', 'with --live: from the first entry, whatever --state says')
    .option('--json', 'print one JSON object')
    .addHelpText('after', HELP)
    .action(async (file: string | undefined, options: VerifyOptions) => {
      if (options.live === true) {
        if (options.tenant === undefined) throw usage('--live needs --tenant <slug>.');
        const live = await loadLive();
        const { level = 'payloads', state, tenant, workers } = options;
        const [json, full] = [options.json === true, options.full === true];
        exit(await live({ tenant, json, level, workers, state, full }, output));
        return;
      }
      if (file === undefined) throw usage('Name a bundle, or use --live --tenant <slug>.');
      if (options.policy !== undefined) {
        const { policy, known, tsaCert } = options;
        const verifyTimestamp =
          tsaCert === undefined ? undefined : await timestampVerifier(tsaCert);
        const json = options.json === true;
        const request = { folder: file, policy, known, with: options.with, json, verifyTimestamp };
        exit(await verifyFolder(request, output));
        return;
      }
      const { key, origin } = options;
      if (key === undefined || origin === undefined) {
        throw usage(
          'A bundle is verified against --policy, a file of entries against --origin and --key: pin them yourself.',
        );
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

function threads(text: string): number {
  if (/^(0|[1-9]\d?)$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A number from 0, which is none but this one, to 99.');
}

function usage(message: string): CommandFailure {
  return new CommandFailure(message, 'See countersign verify --help.', EXIT.usage);
}
