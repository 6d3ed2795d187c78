import { HASH_BYTES } from '../hash.js';

/** Heads that are kept at once, of all logs together: some 40 MB. */
export const HEADS_KEPT_MAX = 1_000_000;

const SIZE_BYTES = 8;
const HEAD_BYTES = SIZE_BYTES + HASH_BYTES;
const BLOCK_HEADS = 4_096;

/** How many heads all histories hold together. */
export interface HeadBudget {
  left: number;
}

/** What a log of heads said about one ledger, ascending by size; the newest, when there are too many to keep. */
export class HeadHistory {
  private readonly blocks: Buffer[] = [];
  private last = -1n;
  /** Heads that are kept. */
  count = 0;

  constructor(private readonly budget: HeadBudget) {}

  /** Takes the next head; one that repeats the size before or goes below it is no head of its own. */
  add(size: bigint, root: Uint8Array): void {
    if (size <= this.last) return;
    this.last = size;
    const at = this.count % BLOCK_HEADS;
    if (at === 0) {
      if (this.budget.left < BLOCK_HEADS && this.blocks.length > 1) this.forget();
      this.blocks.push(Buffer.alloc(0));
    }
    const block = this.room(at);
    block.writeBigUInt64BE(size, at * HEAD_BYTES);
    block.set(root, at * HEAD_BYTES + SIZE_BYTES);
    this.count++;
  }

  sizeAt(i: number): number {
    const block = this.blocks[Math.floor(i / BLOCK_HEADS)];
    return Number(block?.readBigUInt64BE((i % BLOCK_HEADS) * HEAD_BYTES) ?? 0n);
  }

  rootAt(i: number): Uint8Array {
    const at = (i % BLOCK_HEADS) * HEAD_BYTES + SIZE_BYTES;
    const block = this.blocks[Math.floor(i / BLOCK_HEADS)] ?? Buffer.alloc(0);
    return block.subarray(at, at + HASH_BYTES);
  }

  private forget(): void {
    this.blocks.shift();
    this.budget.left += BLOCK_HEADS;
    this.count -= BLOCK_HEADS;
  }

  /** The newest block with room for one more head: it doubles, since most ledgers have few. */
  private room(at: number): Buffer {
    const newest = this.blocks.at(-1) ?? Buffer.alloc(0);
    if (newest.length > at * HEAD_BYTES) return newest;
    const grown = Buffer.alloc(Math.min(BLOCK_HEADS, Math.max(8, at * 2)) * HEAD_BYTES);
    this.budget.left -= (grown.length - newest.length) / HEAD_BYTES;
    newest.copy(grown);
    this.blocks[this.blocks.length - 1] = grown;
    return grown;
  }
}
