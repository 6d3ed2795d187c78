import type { SqlTx } from '@countersign/database';
import { dataText, entriesByDelivery, type LedgerQueries } from '@countersign/ledger';

/** Delivery of the entry that registered a principal: the only place that knows its names. */
export function registrationDelivery(principalId: string): string {
  return `principal.registered:${principalId}`;
}

/** Names of principals, read from the ledger's disclosures. */
export class PrincipalNames {
  constructor(readonly entries: LedgerQueries) {}

  /** Names of the `user:` and `svc:` ids among `actorIds`. Unknown ids and erased names are left out. */
  async of(tx: SqlTx, actorIds: readonly string[]): Promise<Map<string, string>> {
    const asked = actorIds.filter((id) => ACTOR.test(id));
    const found = await entriesByDelivery(
      tx,
      this.entries,
      'countersign',
      asked.map(registrationDelivery),
    );
    const names = new Map<string, string>();
    for (const id of asked) {
      const name = dataText(found.get(registrationDelivery(id)), 'displayName');
      if (name !== null) names.set(id, name);
    }
    return names;
  }
}

const ACTOR = /^(user|svc):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
