import { sha256 } from '@countersign/chain';

/** Random choices that a seed repeats on every machine. Not for secrets. */
export class Random {
  private block: Buffer = Buffer.alloc(0);
  private at = 0;
  private count = 0;

  constructor(private readonly seed: string) {}

  /** Choices of their own, which do not depend on how many were made here. */
  fork(name: string): Random {
    return new Random(`${this.seed}/${name}`);
  }

  bytes(count: number): Buffer {
    const parts: Buffer[] = [];
    for (let left = count; left > 0;) {
      if (this.at === this.block.length) {
        this.block = sha256(`${this.seed} ${this.count++}`);
        this.at = 0;
      }
      const part = this.block.subarray(this.at, this.at + left);
      parts.push(part);
      this.at += part.length;
      left -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** 0 up to but not including `end`. */
  below(end: number): number {
    return Math.floor((this.bytes(6).readUIntBE(0, 6) / 2 ** 48) * end);
  }

  /** Both ends included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  uuid(): string {
    const hex = this.bytes(16).toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}
