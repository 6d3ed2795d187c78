import { sameBytes, TileBuilder } from '@countersign/chain';
import type { Database } from '@countersign/database';
import type { TenantId } from '@countersign/kernel';
import { RANGE_LEAVES, type LiveFault } from './range-task.js';
import { tileFault } from './range-tiles.js';
import { SubtreeRow } from './subtrees.js';

/** Level of the tiles whose hashes are the roots of ranges. */
const FIRST_LEVEL = 2;

/** The tree above the ranges: what lies to the left of the first one, and the tiles of levels 2 and more. */
export class UpperTree {
  private constructor(
    private readonly database: Database,
    private readonly tenantId: TenantId,
    /** Roots of the ranges to the left, as stored. */
    private readonly left: readonly Buffer[],
    private readonly tiles: TileBuilder,
  ) {}

  static async load(database: Database, tenantId: TenantId, from: number): Promise<UpperTree> {
    const count = from / RANGE_LEAVES;
    const rows = await database.read(tenantId, (tx) =>
      tx.query<{ root: Buffer }>(
        `SELECT root FROM ledger_tile
         WHERE tenant_id = $1::uuid AND level = 1 AND idx < $2::bigint ORDER BY idx`,
        [tenantId, count],
      ),
    );
    const left = rows.map((row) => row.root);
    const tiles = TileBuilder.empty();
    tiles.append(left); // tiles that the earlier check saw
    return new UpperTree(database, tenantId, left, tiles);
  }

  /** The tree to the left of `from`. */
  row(from: number): SubtreeRow {
    const row = new SubtreeRow(0);
    for (const root of this.left) row.push(root, 16);
    // A store that lacks tiles gives another root, and the comparison with it fails.
    return row.end === from ? row : new SubtreeRow(from);
  }

  /** Takes the root of the next full range. Returns the first stored tile above it that is missing or another. */
  async push(root: Uint8Array): Promise<LiveFault | null> {
    for (const tile of this.tiles.append([root])) {
      const level = tile.level + FIRST_LEVEL;
      const [row] = await this.database.read(this.tenantId, (tx) =>
        tx.query<{ hashes: Buffer; root: Buffer }>(
          `SELECT hashes, root FROM ledger_tile
           WHERE tenant_id = $1::uuid AND level = $2::smallint AND idx = $3::bigint`,
          [this.tenantId, level, tile.index],
        ),
      );
      const same =
        row !== undefined && sameBytes(row.hashes, tile.hashes) && sameBytes(row.root, tile.root);
      if (!same) return tileFault(level, tile.index, tile.root);
    }
    return null;
  }
}
