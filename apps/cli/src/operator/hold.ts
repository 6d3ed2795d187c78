import { SYSTEM_ACTOR } from '@countersign/events';
import { isUuid } from '@countersign/kernel';
import { LegalHolds, type HoldScope } from '@countersign/ledger';
import { CommandFailure, EXIT } from '../exit.js';
import { table, type Output } from '../output.js';
import { withLedger } from './erasing.js';

export interface PlaceOptions {
  readonly tenant: string;
  readonly reason: string;
  readonly subject?: string;
  readonly entries?: { readonly from: bigint; readonly to: bigint };
}

export interface ReleaseOptions {
  readonly tenant: string;
  readonly reason: string;
}

/** Places a legal hold and prints its id. */
export async function placeHold(options: PlaceOptions, output: Output): Promise<void> {
  const { entries, reason, subject, tenant } = options;
  if (subject !== undefined && entries !== undefined) {
    throw new CommandFailure('Give --subject or --entries.', 'Place two holds.', EXIT.usage);
  }
  let scope: HoldScope = { kind: 'ledger' };
  if (subject !== undefined) scope = { kind: 'subject', subject };
  if (entries !== undefined) scope = { kind: 'entries', ...entries };
  await withLedger(tenant, async (room) => {
    const hold = await room.database.sqlTransaction(room.tenantId, (tx) =>
      new LegalHolds(room).place(tx, scope, SYSTEM_ACTOR, reason),
    );
    output.out(hold.id);
  });
}

/** Releases a legal hold. */
export async function releaseHold(
  id: string,
  { reason, tenant }: ReleaseOptions,
  output: Output,
): Promise<void> {
  if (!isUuid(id)) {
    throw new CommandFailure(`${id} is no id.`, 'See: countersign hold list', EXIT.usage);
  }
  await withLedger(tenant, async (room) => {
    await room.database.sqlTransaction(room.tenantId, (tx) =>
      new LegalHolds(room).release(tx, id, SYSTEM_ACTOR, reason),
    );
    output.out(`released ${id}`);
  });
}

/** Prints holds, newest first. */
export async function listHolds(tenant: string, output: Output): Promise<void> {
  await withLedger(tenant, async (room) => {
    const holds = await room.database.read(room.tenantId, (tx) => new LegalHolds(room).list(tx));
    const rows = holds.map((hold) => [
      hold.id,
      scopeText(hold.scope),
      hold.placedAt.toISOString(),
      hold.releasedAt === null ? 'in force' : `released ${hold.releasedAt.toISOString()}`,
      hold.reason ?? '(erased)',
    ]);
    for (const line of table([['ID', 'WHAT', 'PLACED', 'STATE', 'REASON'], ...rows])) {
      output.out(line);
    }
  });
}

function scopeText(scope: HoldScope): string {
  if (scope.kind === 'subject') return scope.subject;
  return scope.kind === 'entries' ? `entries ${scope.from}-${scope.to}` : 'the whole ledger';
}
