import { sameBytes, TileBuilder, type FullTile } from '@countersign/chain';
import type { SqlTx } from '@countersign/database';

/** Rebuilds the full tiles while entries go by and compares them with the stored ones. */
export class LiveTiles {
  readonly #builder = TileBuilder.empty();
  #count = 0n;

  /** Takes the next leaf hashes. Returns the first tile that the store lacks or holds otherwise, or null. */
  async push(tx: SqlTx, leafHashes: readonly Uint8Array[]): Promise<FullTile | null> {
    for (const tile of this.#builder.append(leafHashes)) {
      this.#count++;
      const [row] = await tx.query<{ hashes: Buffer; root: Buffer }>(
        `SELECT hashes, root FROM ledger_tile
         WHERE tenant_id = $1::uuid AND level = $2::smallint AND idx = $3::bigint`,
        [tx.tenantId, tile.level, tile.index],
      );
      const same =
        row !== undefined && sameBytes(row.hashes, tile.hashes) && sameBytes(row.root, tile.root);
      if (!same) return tile;
    }
    return null;
  }

  /** True when the store holds tiles that belong to no entries. */
  async hasMore(tx: SqlTx): Promise<boolean> {
    const [row] = await tx.query<{ count: bigint }>(
      'SELECT count(*) AS count FROM ledger_tile WHERE tenant_id = $1::uuid',
      [tx.tenantId],
    );
    return row?.count !== this.#count;
  }
}
