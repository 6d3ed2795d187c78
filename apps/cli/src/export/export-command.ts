import { Command, InvalidArgumentError } from 'commander';
import type { Output } from '../output.js';
import type { ExportOptions, ProveOptions } from './options.js';

const EXPORT_HELP = `
Ctrl-C leaves an unfinished folder; the same command goes on from there.
Exit codes: 0 written, 2 not (yet) possible or interrupted, 3 wrong use.

Examples:
  countersign export --tenant acme --out acme-bundle
  countersign export --tenant acme --out q4 --filter 'type=promotion.*' --filter from=2026-10-01 --evidence
  countersign export --tenant acme --out next --since acme-bundle/checkpoint
  countersign export --heads --out heads-bundle`;

/** `export`: a bundle that others verify offline. */
export function exportCommand(output: Output): Command {
  return new Command('export')
    .description('write a bundle: a part of a ledger with all that proves it')
    .option('--tenant <slug>', 'whose ledger')
    .option('--heads', 'the log of heads instead of a ledger')
    .requiredOption('--out <folder>', 'where to; made when it is not there')
    .option('--from <sequence>', 'first entry; default 0, or where --since ended', count)
    .option('--to <sequence>', 'the entry behind the last; default: the newest', count)
    .option('--since <file>', 'a checkpoint that the receiver has: prove what came after it')
    .option(
      '--filter <condition...>',
      'payloads of these entries only, such as type=promotion.*',
      [],
    )
    .option('--no-payloads', 'headers and proofs only')
    .option('--evidence', 'also the bytes as they were received')
    .option('--disclose <pointer...>', 'of personal values only these, such as /data/tags/*/value')
    .option('--withhold', 'no personal values at all')
    .option('--policy <file>', 'put a copy of a tlog-policy file in')
    .option('--wait <seconds>', 'for a first published checkpoint', seconds, 15)
    .option('--unrecorded', 'while the ledger is read-only: go on without an entry that says so')
    .addHelpText('after', EXPORT_HELP)
    .action(async (options: ExportOptions) => {
      await (await import('./run-export.js')).runExport(options, output);
    });
}

/** `prove`: a receipt for one entry. */
export function proveCommand(output: Output): Command {
  return new Command('prove')
    .description('write a receipt that an entry is in the ledger (c2sp.org/tlog-proof@v1)')
    .argument('<sequence>', 'of the entry', count)
    .requiredOption('--tenant <slug>', 'whose ledger')
    .option('--out <file>', 'into a file, and the proof of its head beside it as <file>.heads')
    .addHelpText(
      'after',
      '\nExample:\n  countersign prove 17 --tenant acme --out entry-17.tlog-proof',
    )
    .action(async (sequence: bigint, options: ProveOptions) => {
      await (await import('./prove.js')).prove(sequence, options, output);
    });
}

function count(text: string): bigint {
  if (/^(0|[1-9]\d{0,15})$/.test(text)) return BigInt(text);
  throw new InvalidArgumentError('A sequence is a whole number, such as 17.');
}

function seconds(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Whole seconds, such as 30.');
}
