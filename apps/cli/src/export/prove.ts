import { writeFile } from 'node:fs/promises';
import { explainConnectionFailure } from '@countersign/database';
import { entryReceipt } from '@countersign/ledger';
import { CommandFailure } from '../exit.js';
import { installation, withDatabase } from '../operator/runtime.js';
import type { Output } from '../output.js';
import type { ProveOptions } from './options.js';
import { tenantOf } from './run-export.js';

/** Prints a receipt of an entry, or writes it to a file with the proof of its head beside it. */
export async function prove(
  sequence: bigint,
  { out, tenant }: ProveOptions,
  output: Output,
): Promise<void> {
  const receipt = await withDatabase(await installation(), async (database) =>
    database.read(await tenantOf(database, tenant), (tx) => entryReceipt(tx, sequence)),
  ).catch((error: unknown) => {
    const failure = explainConnectionFailure(error);
    if (failure !== null) throw new CommandFailure(failure.message, failure.hint);
    throw error;
  });
  if (!receipt.ok) {
    throw receipt.code === 'NOT_FOUND'
      ? new CommandFailure(
          `There is no entry ${sequence}: the ledger of ${tenant} has ${receipt.entries} entries.`,
          receipt.entries === 0n ? '' : `Sequences run from 0 to ${receipt.entries - 1n}.`,
        )
      : new CommandFailure(
          `Entry ${sequence} is recorded, but the newest checkpoint covers ${receipt.signed} entries.`,
          'The service signs within a second while it runs; try again.',
        );
  }
  const { heads, proof, size } = receipt;
  if (heads === null) {
    output.err('No published checkpoint of the log of heads covers this entry yet.');
  }
  if (out === undefined) {
    output.out(proof.trimEnd());
    if (heads !== null) output.err('The proof of the head is written with --out.');
    return;
  }
  await save(out, proof);
  if (heads !== null) await save(`${out}.heads`, heads);
  output.out(
    `entry ${sequence} in the tree of ${size}: ${out}${heads === null ? '' : `, ${out}.heads`}`,
  );
}

async function save(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw new CommandFailure(
      `${path} cannot be written: ${(error as Error).message}.`,
      'Name a file in a folder that you may write to.',
    );
  }
}
