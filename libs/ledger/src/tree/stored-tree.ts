import {
  EMPTY_ROOT,
  Frontier,
  HASH_BYTES,
  nodeHash,
  perfectRoot,
  TILE_HEIGHT,
  TILE_WIDTH,
} from '@countersign/chain';
import { AppError } from '@countersign/kernel';
import { tileBytes, type TileStore, type TileWanted } from './tile-store.js';

/**
 * The first `size` leaves of a stored tree. A proof reads a few tiles whatever the size; tiles are remembered, so that
 * proofs for many entries of one page cost little more than for one. For one snapshot: make a new one for the next.
 * Methods throw INTERNAL when the store does not hold what it should.
 */
export class StoredTree {
  readonly #tiles = new Map<string, Promise<Buffer>>();

  constructor(
    private readonly store: TileStore,
    readonly size: bigint,
  ) {}

  /** Root over all `size` leaves. */
  root(): Promise<Uint8Array> {
    return this.#subtree(0n, this.size);
  }

  /** PATH(index, D[size]) of RFC 6962 section 2.1.1, leaf side first. */
  async inclusionProof(index: bigint): Promise<Uint8Array[]> {
    await this.#prepare(index);
    return this.#path(index, 0n, this.size);
  }

  /** PROOF(from, D[size]) of RFC 6962 section 2.1.2. Empty for `from` 0 and for equal sizes. */
  async consistencyProof(from: bigint): Promise<Uint8Array[]> {
    return from === 0n ? [] : this.#subproof(from, 0n, this.size, true);
  }

  /** What appending to these leaves needs. */
  async frontier(): Promise<Frontier> {
    const count = Buffer.alloc(8);
    count.writeBigUInt64BE(this.size);
    const parts: Uint8Array[] = [count];
    let start = 0n;
    for (let bit = highestBit(this.size); bit > 0n; bit >>= 1n) {
      if ((this.size & bit) === 0n) continue;
      parts.push(await this.#subtree(start, start + bit));
      start += bit;
    }
    return Frontier.parse(Buffer.concat(parts));
  }

  async #path(m: bigint, start: bigint, end: bigint): Promise<Uint8Array[]> {
    const size = end - start;
    if (size === 1n) return [];
    const k = splitPoint(size);
    const middle = start + k;
    return m < k
      ? [...(await this.#path(m, start, middle)), await this.#subtree(middle, end)]
      : [...(await this.#path(m - k, middle, end)), await this.#subtree(start, middle)];
  }

  async #subproof(m: bigint, start: bigint, end: bigint, whole: boolean): Promise<Uint8Array[]> {
    const size = end - start;
    if (m === size) return whole ? [] : [await this.#subtree(start, end)];
    const k = splitPoint(size);
    const middle = start + k;
    return m <= k
      ? [...(await this.#subproof(m, start, middle, whole)), await this.#subtree(middle, end)]
      : [...(await this.#subproof(m - k, middle, end, false)), await this.#subtree(start, middle)];
  }

  /** Root of the subtree over the leaves start .. end - 1, where RFC 6962 splits the tree there. */
  async #subtree(start: bigint, end: bigint): Promise<Uint8Array> {
    const size = end - start;
    if (size === 0n) return EMPTY_ROOT;
    if ((size & (size - 1n)) === 0n) return this.#perfect(start, size);
    const middle = start + splitPoint(size);
    return nodeHash(await this.#subtree(start, middle), await this.#subtree(middle, end));
  }

  /** Root over `size` leaves, a power of two, of which `start` is a multiple. */
  async #perfect(start: bigint, size: bigint): Promise<Uint8Array> {
    const height = size.toString(2).length - 1;
    const level = Math.floor(height / TILE_HEIGHT);
    const shift = BigInt(level * TILE_HEIGHT);
    const first = start >> shift;
    const tile = await this.#tile(level, first / BigInt(TILE_WIDTH));
    const offset = Number(first % BigInt(TILE_WIDTH));
    const hashes: Buffer[] = [];
    for (let i = 0; i < Number(size >> shift); i++) {
      const at = (offset + i) * HASH_BYTES;
      hashes.push(tile.subarray(at, at + HASH_BYTES));
    }
    return perfectRoot(hashes);
  }

  /** Reads at once what the path of a leaf needs: on each level the tile above it, and the one at the right edge. */
  async #prepare(leaf: bigint): Promise<void> {
    const wanted = new Map<string, TileWanted>();
    for (let level = 0; ; level++) {
      const shift = BigInt(level * TILE_HEIGHT);
      const last = ((this.size >> shift) - 1n) / BigInt(TILE_WIDTH);
      if (this.size >> shift === 0n) break;
      for (const index of [leaf >> (shift + BigInt(TILE_HEIGHT)), last]) {
        const key = `${level}/${index}`;
        const width = widthAt(this.size, level, index);
        if (width > 0 && !this.#tiles.has(key)) wanted.set(key, { level, index, width });
      }
    }
    if (wanted.size === 0) return;
    const found = await this.store.many([...wanted.values()]);
    [...wanted].forEach(([key, { width }], n) => {
      const bytes = found[n];
      // What is not whole is looked for once more, one by one, and told then.
      if (bytes?.byteLength === width * HASH_BYTES) this.#tiles.set(key, Promise.resolve(bytes));
    });
  }

  #tile(level: number, index: bigint): Promise<Buffer> {
    const key = `${level}/${index}`;
    let tile = this.#tiles.get(key);
    if (tile === undefined) {
      tile = this.#load(level, index);
      this.#tiles.set(key, tile);
    }
    return tile;
  }

  async #load(level: number, index: bigint): Promise<Buffer> {
    const width = widthAt(this.size, level, index);
    const bytes =
      width === TILE_WIDTH
        ? await tileBytes(this.store, level, index, width)
        : await partialBytes(this.store, level, index, width);
    if (bytes?.byteLength === width * HASH_BYTES) return bytes;
    throw new AppError('INTERNAL', { publicMessage: 'Hashes of the stored tree are missing.' });
  }
}

/** Hashes that a tree of `size` leaves has in this tile: 0 .. 256. */
export function widthAt(size: bigint, level: number, index: bigint): number {
  const rest = (size >> BigInt(level * TILE_HEIGHT)) - index * BigInt(TILE_WIDTH);
  if (rest <= 0n) return 0;
  return rest >= BigInt(TILE_WIDTH) ? TILE_WIDTH : Number(rest);
}

/** At the right edge: there is hardly ever a full tile to ask for. */
async function partialBytes(
  store: TileStore,
  level: number,
  index: bigint,
  width: number,
): Promise<Buffer> {
  return Buffer.concat(await store.hashes(level, index * BigInt(TILE_WIDTH), width));
}

/** The largest power of two below `n`, for n >= 2. */
function splitPoint(n: bigint): bigint {
  return highestBit(n - 1n);
}

function highestBit(n: bigint): bigint {
  return n === 0n ? 0n : 1n << BigInt(n.toString(2).length - 1);
}
