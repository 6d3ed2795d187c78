import { Command, InvalidArgumentError } from 'commander';
import type { Output } from '../output.js';
import type { EraseOptions } from '../operator/erase.js';
import type { PlaceOptions, ReleaseOptions } from '../operator/hold.js';

const TENANT = '--tenant <slug>';

/** `countersign erase`: takes personal values and received bytes away, and says so in the ledger. */
export function eraseCommand(output: Output): Command {
  return new Command('erase')
    .description('delete personal values and received bytes; every proof and bundle still verifies')
    .requiredOption(TENANT, 'the tenant')
    .option(
      '--subject <id>',
      'every value about this person (user:<uuid>), and the bytes around it',
    )
    .option('--entry <sequences>', 'what these entries hold, such as 17,20-25', sequences)
    .option('--evidence', 'with --entry: the received bytes alone')
    .option('--reason <text>', 'why; kept in the ledger as erasable text. Needed unless --dry-run')
    .option('--by <name>', 'who ordered it; on the certificate, and kept like the reason')
    .option('--dry-run', 'count what would go, and change nothing')
    .option('--certificate <file>', 'write a signed deletion certificate')
    .addHelpText(
      'after',
      `
Find entries to name with the API (entries by text) or with countersign tail. A legal hold refuses, with its reason.
Deleted values also lie in backups and in the write-ahead log, sealed; they are readable with the tenant's key until
those are gone. See docs/personal-data.md.

Example:
  countersign erase --tenant acme --subject user:4b6f0a9e-8a35-4a8e-9d1c-0d6a4c1f2b77 --dry-run
  countersign erase --tenant acme --entry 17,20-25 --reason 'Request 4711' --certificate 4711.note`,
    )
    .action(async (options: EraseOptions) => {
      await (await import('../operator/erase.js')).erase(options, output);
    });
}

/** `countersign hold place|release|list`. */
export function holdCommand(output: Output): Command {
  const hold = new Command('hold').description('legal holds: what must not be erased');
  hold
    .command('place')
    .description('place a hold on a person, on entries, or (neither) on the whole ledger')
    .requiredOption(TENANT, 'the tenant')
    .requiredOption('--reason <text>', 'why; shown to whoever is refused')
    .option('--subject <id>', 'user:<uuid>')
    .option('--entries <from-to>', 'such as 17-25', range)
    .addHelpText(
      'after',
      "\nExample:\n  countersign hold place --tenant acme --entries 17-25 --reason 'Case 12/2026'",
    )
    .action(async (options: PlaceOptions) => {
      await (await import('../operator/hold.js')).placeHold(options, output);
    });
  hold
    .command('release')
    .description('release a hold')
    .argument('<id>', 'see hold list')
    .requiredOption(TENANT, 'the tenant')
    .requiredOption('--reason <text>', 'why')
    .addHelpText(
      'after',
      '\nExample:\n  countersign hold release 4b6f0a9e-8a35-4a8e-9d1c-0d6a4c1f2b77 --tenant acme --reason settled',
    )
    .action(async (id: string, options: ReleaseOptions) => {
      await (await import('../operator/hold.js')).releaseHold(id, options, output);
    });
  hold
    .command('list')
    .description('show holds, released ones too')
    .requiredOption(TENANT, 'the tenant')
    .addHelpText('after', '\nExample:\n  countersign hold list --tenant acme')
    .action(async (options: { tenant: string }) => {
      await (await import('../operator/hold.js')).listHolds(options.tenant, output);
    });
  return hold;
}

/** Longest list of sequences that one command takes. */
const SEQUENCES_MAX = 100_000n;

function sequences(text: string): bigint[] {
  const found = new Set<bigint>();
  for (const part of text.split(',')) {
    const { from, to } = range(part);
    if (to - from >= SEQUENCES_MAX || BigInt(found.size) + (to - from) >= SEQUENCES_MAX) {
      throw new InvalidArgumentError(`At most ${SEQUENCES_MAX} entries at once.`);
    }
    for (let sequence = from; sequence <= to; sequence += 1n) found.add(sequence);
  }
  return [...found].sort((a, b) => (a < b ? -1 : 1));
}

function range(text: string): { readonly from: bigint; readonly to: bigint } {
  const [, first, last] = /^(0|[1-9]\d{0,17})(?:-(0|[1-9]\d{0,17}))?$/.exec(text.trim()) ?? [];
  const from = first === undefined ? null : BigInt(first);
  const to = last === undefined ? from : BigInt(last);
  if (from === null || to === null || to < from) {
    throw new InvalidArgumentError('Sequences are whole numbers or ranges of them: 17 or 20-25.');
  }
  return { from, to };
}
