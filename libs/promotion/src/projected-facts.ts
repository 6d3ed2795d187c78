import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, SqlTx } from '@countersign/database';
import type { TenantId } from '@countersign/kernel';
import { readCursor, type LedgerQueries, type Projector } from '@countersign/ledger';
import { lineageProjector } from '@countersign/lineage';
import { registryProjector } from '@countersign/registry';

/** What a pin is read from. */
const SOURCES: readonly Projector[] = [registryProjector, lineageProjector];

const LOOK_EVERY_MS = 25;

/**
 * Mirror and lineage follow the ledger by some milliseconds. A command that pins or compares facts waits until they
 * show what the ledger held when it came, so that a request is not stale as soon as it is made.
 */
export class ProjectedFacts {
  constructor(
    private readonly database: Database,
    private readonly entries: LedgerQueries,
    private readonly patienceMs: number,
  ) {}

  /** True when they do. False when they still did not after the patience. */
  async settled(tenantId: TenantId): Promise<boolean> {
    const looks = 1 + Math.floor(this.patienceMs / LOOK_EVERY_MS);
    for (let look = 1; ; look += 1) {
      if (await this.database.read(tenantId, (tx) => this.#upToDate(tx))) return true;
      if (look >= looks) return false;
      await sleep(LOOK_EVERY_MS);
    }
  }

  async #upToDate(tx: SqlTx): Promise<boolean> {
    for (const { name, types } of SOURCES) {
      const after = await readCursor(tx, name);
      const [waiting] = await this.entries.range(tx, { after, limit: 1, types });
      if (waiting !== undefined) return false;
    }
    return true;
  }
}
