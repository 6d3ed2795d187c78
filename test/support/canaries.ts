import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Strings that stand nowhere else, to be planted and looked for. All begin alike, so that one search finds any. */
export class Canaries {
  readonly #mark = randomBytes(9).toString('hex');
  readonly planted: string[] = [];
  readonly #needles: readonly Buffer[];

  constructor() {
    const mark = Buffer.from(this.#mark);
    const hex = mark.toString('hex');
    this.#needles = [
      mark,
      Buffer.from(this.#mark.toUpperCase()),
      Buffer.from(hex),
      Buffer.from(hex.toUpperCase()),
      ...[0, 1, 2].map((shift) => {
        // Only the characters that do not depend on what stands before and behind.
        const text = Buffer.concat([Buffer.alloc(shift), mark]).toString('base64');
        return Buffer.from(text.slice(shift === 0 ? 0 : 4, -4));
      }),
    ];
  }

  next(): string {
    const canary = `${this.#mark}.${this.planted.length}`;
    this.planted.push(canary);
    return canary;
  }

  /** What stands around the first find, as UTF-8, hex or base64; null when there is none. */
  in(bytes: Buffer | string): string | null {
    const buffer = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    for (const needle of this.#needles) {
      const at = buffer.indexOf(needle);
      if (at < 0) continue;
      return buffer.subarray(Math.max(0, at - 60), at + 80).toString('latin1');
    }
    return null;
  }

  /** Numbers of the planted ones that stand there as UTF-8. */
  readable(text: string): number {
    return this.planted.filter((canary) => text.includes(canary)).length;
  }

  /** Files below a folder that hold one, with what stands around it. Files that go meanwhile hold none. */
  inFiles(folder: string): string[] {
    const found: string[] = [];
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat?.isDirectory() === true) found.push(...this.inFiles(path));
      else if (stat?.isFile() === true) {
        const where = this.#inFile(path);
        if (where !== null) found.push(`${path}: ${where}`);
      }
    }
    return found;
  }

  #inFile(path: string): string | null {
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch {
      return null;
    }
    try {
      const chunk = Buffer.alloc(8 * 1024 * 1024);
      let kept = 0;
      for (;;) {
        const read = readSync(fd, chunk, kept, chunk.length - kept, null);
        const where = this.in(chunk.subarray(0, kept + read));
        if (where !== null || read === 0) return where;
        // A find may lie across two chunks.
        const end = kept + read;
        kept = Math.min(128, end);
        chunk.copy(chunk, 0, end - kept, end);
      }
    } finally {
      closeSync(fd);
    }
  }
}
