import { writeFile } from 'node:fs/promises';
import { requireDatabaseUrl } from '@countersign/config';
import { vacuumTables } from '@countersign/database';
import { SYSTEM_ACTOR } from '@countersign/events';
import {
  CheckpointSigner,
  erasureCertificate,
  Erasures,
  rebuildAsked,
  type CheckpointRecord,
  type ErasureOrder,
  type ErasurePart,
  type SigningKeys,
} from '@countersign/ledger';
import { lineageProjector } from '@countersign/lineage';
import { registryProjector } from '@countersign/registry';
import { CommandFailure, EXIT } from '../exit.js';
import type { Output } from '../output.js';
import { withLedger, type ErasingRoom } from './erasing.js';
import { signingKeys } from './key-file.js';

export interface EraseOptions {
  readonly tenant: string;
  readonly subject?: string;
  readonly entry?: readonly bigint[];
  readonly evidence?: boolean;
  readonly reason?: string;
  readonly by?: string;
  readonly dryRun?: boolean;
  readonly certificate?: string;
}

/** Those that show personal values or received bytes. */
const PROJECTORS = [registryProjector, lineageProjector];

/** Tables that rows are deleted from. */
const TOUCHED = [
  ...['ledger_disclosure', 'ledger_evidence', 'registry_model', 'registry_version'],
  ...['registry_statement', 'registry_span', 'lineage_node', 'lineage_edge', 'lineage_run'],
  ...['lineage_alias', 'lineage_output', 'lineage_claim', 'lineage_read', 'lineage_tracking_run'],
  ...['lineage_model_version', 'lineage_interest'],
];

/** Erases, makes the projections again that showed it, lets go of the dead rows, and certifies what was done. */
export async function erase(options: EraseOptions, output: Output): Promise<void> {
  const order = orderOf(options);
  const { reason } = options;
  if (reason === undefined && options.dryRun !== true) {
    throw usage('Give --reason.', 'Say why; or count first with --dry-run.');
  }
  await withLedger(options.tenant, async (room) => {
    const erasures = new Erasures({ ...room, projectors: PROJECTORS });
    const counts = await erasures.preview(room.tenantId, order);
    output.out(
      `${counts.disclosures} values and ${counts.evidence} pieces of evidence in ${counts.entries} entries`,
    );
    if (reason === undefined || options.dryRun === true || counts.entries === 0) return;
    // Before anything is deleted: a certificate that cannot be signed is better found now.
    const keys = options.certificate === undefined ? null : await signingKeys(room.where.config);
    const before = keys === null ? null : await checkpointNow(room, keys);
    const orderedBy = options.by ?? null;
    const warrant = { actor: SYSTEM_ACTOR, orderedBy, reason };
    const parts = await erasures.erase(room.tenantId, order, warrant);
    output.out(`erased: entries ${parts.map(({ sequence }) => sequence).join(', ')} say so`);
    await cleanUp(room, output);
    if (keys !== null && options.certificate !== undefined) {
      const after = await checkpointNow(room, keys);
      const notes = await certificates(room, keys, { order, orderedBy, parts, before, after });
      await writeNotes(options.certificate, notes, output);
    }
  });
}

function orderOf({ entry, evidence, subject }: EraseOptions): ErasureOrder {
  if ((subject === undefined) === (entry === undefined)) {
    throw usage('Give --subject or --entry.', 'One of them, and only one.');
  }
  if (entry !== undefined) {
    return { kind: 'entries', sequences: entry, evidenceOnly: evidence === true };
  }
  if (evidence === true) throw usage('--evidence goes with --entry.', 'Name the entries.');
  return { kind: 'subject', subject: subject ?? '' };
}

async function cleanUp(
  { database, queries, tenantId, where }: ErasingRoom,
  output: Output,
): Promise<void> {
  for (const projector of PROJECTORS) {
    if (await rebuildAsked(database, queries, projector, tenantId)) {
      output.out(`made again: ${projector.name}`);
    }
  }
  const url = where.config.databaseMigrationUrl ?? requireDatabaseUrl(where.config);
  output.out(
    (await vacuumTables(url, TOUCHED))
      ? 'dead rows are gone from the tables'
      : 'dead rows go with the next autovacuum: this login does not own the tables',
  );
}

function checkpointNow(room: ErasingRoom, keys: SigningKeys): Promise<CheckpointRecord | null> {
  const { clock, database, tenantId } = room;
  return new CheckpointSigner({ database, clock, keys }).signNow(tenantId);
}

async function certificates(
  { database, queries, tenantId }: ErasingRoom,
  keys: SigningKeys,
  done: {
    readonly order: ErasureOrder;
    readonly orderedBy: string | null;
    readonly parts: readonly ErasurePart[];
    readonly before: CheckpointRecord | null;
    readonly after: CheckpointRecord | null;
  },
): Promise<string[]> {
  const log = await database.read(tenantId, (tx) => queries.log(tx));
  const origin = log?.origin ?? '';
  // One per part: a note that is too large is refused by readers.
  return done.parts.map((part) =>
    erasureCertificate(
      { ...done, parts: [part], origin, tenantId, actor: SYSTEM_ACTOR.id },
      keys.signers(origin),
    ),
  );
}

async function writeNotes(file: string, notes: readonly string[], output: Output): Promise<void> {
  for (const [index, note] of notes.entries()) {
    const name = notes.length === 1 ? file : `${file}.${index + 1}`;
    await writeFile(name, note, { flag: 'wx' });
    output.out(`certificate: ${name}`);
  }
}

function usage(message: string, hint: string): CommandFailure {
  return new CommandFailure(message, hint, EXIT.usage);
}
