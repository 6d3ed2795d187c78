import { createHash } from 'node:crypto';
import { sha256Hex } from '../hash.js';
import { BUNDLE_FILES } from './layout.js';
import type { BundleReader } from './reader.js';
import type { Findings } from './report.js';

/** A file that was read whole. */
export interface ListedFile {
  readonly bytes: Buffer;
  /** Fails when the digest is not the listed one. Comes after the checks that can say more: which entry is bad. */
  settle(): void;
}

interface Line {
  readonly digest: string;
  readonly path: string;
}

const LINE = /^([0-9a-f]{64}) {2}([!-~]{1,400})$/;
const LINE_BYTES_MAX = 512;
const LF = 0x0a;

/** Walks through files.sha256 and hands out one file after the other, each bounded, each read once. */
export class ListedFiles {
  /** Lines read from the index and not yet used; a chunk's worth at most. */
  private readonly lines: Line[] = [];
  private readonly chunks: AsyncIterator<Uint8Array>;
  private rest: Buffer = Buffer.alloc(0);
  private ended = false;
  private at = 0;
  /** Files handed out. */
  count = 0;

  private constructor(
    private readonly reader: BundleReader,
    private readonly findings: Findings,
    index: AsyncIterable<Uint8Array>,
  ) {
    this.chunks = index[Symbol.asyncIterator]();
  }

  static async open(reader: BundleReader, findings: Findings): Promise<ListedFiles> {
    const index = await reader.open(BUNDLE_FILES.index);
    if (index === null) {
      return findings.stop('FILE_MISSING', { found: 'no file', expected: BUNDLE_FILES.index });
    }
    return new ListedFiles(reader, findings, index);
  }

  /** The path of the next file, null behind the last. */
  async peek(): Promise<string | null> {
    return (await this.line())?.path ?? null;
  }

  /** True when the next file is this one. */
  async next(path: string): Promise<boolean> {
    return (await this.peek()) === path;
  }

  /** The next file, which must be `path` and have at most `bytesMax` bytes. */
  async take(path: string, bytesMax: number): Promise<ListedFile> {
    const { digest } = await this.expect(path);
    const parts: Uint8Array[] = [];
    for await (const chunk of this.bounded(path, bytesMax)) parts.push(chunk);
    const [only] = parts;
    const bytes =
      parts.length === 1 && only !== undefined
        ? Buffer.from(only.buffer, only.byteOffset, only.byteLength)
        : Buffer.concat(parts);
    // Taken now: who reads the bytes may use them up.
    const found = sha256Hex(bytes);
    return { bytes, settle: () => this.settle(path, found, digest) };
  }

  /** The lines of the next file, without their LF; the digest is settled behind the last one. */
  async *takeLines(path: string, lineBytesMax: number): AsyncGenerator<Buffer, void, undefined> {
    const { digest } = await this.expect(path);
    const hash = createHash('sha256');
    let rest: Buffer[] = [];
    let restBytes = 0;
    for await (const chunk of this.bounded(path, Number.MAX_SAFE_INTEGER)) {
      hash.update(chunk);
      let data = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (let end = data.indexOf(LF); end >= 0; end = data.indexOf(LF)) {
        const line = data.subarray(0, end);
        yield rest.length === 0 ? line : Buffer.concat([...rest, line]);
        rest = [];
        restBytes = 0;
        data = data.subarray(end + 1);
      }
      restBytes += data.length;
      if (restBytes > lineBytesMax) this.tooLarge(`a line of ${path}`, restBytes, lineBytesMax);
      if (data.length > 0) rest.push(Buffer.from(data));
    }
    if (restBytes > 0) yield Buffer.concat(rest);
    this.settle(path, hash.digest('hex'), digest);
  }

  private async expect(path: string): Promise<Line> {
    const line = await this.line();
    if (line?.path !== path) {
      const found = line === null ? 'the end of files.sha256' : line.path;
      return this.findings.stop('FILE_UNLISTED', { found, expected: path });
    }
    this.at++;
    this.count++;
    return line;
  }

  private async *bounded(path: string, bytesMax: number): AsyncGenerator<Uint8Array> {
    const stated = await this.reader.size(path);
    const content = stated === null ? null : await this.reader.open(path);
    if (stated === null || content === null) {
      return this.findings.stop('FILE_MISSING', { found: 'no file', expected: path });
    }
    if (stated > bytesMax) this.tooLarge(path, stated, bytesMax);
    let read = 0;
    for await (const chunk of content) {
      read += chunk.byteLength;
      if (read > bytesMax) this.tooLarge(path, read, bytesMax);
      yield chunk;
    }
  }

  private settle(path: string, found: string, digest: string): void {
    if (found === digest) return;
    this.findings.fail('FILE_DIGEST', { found: `${path} with ${found}`, expected: digest });
  }

  private tooLarge(what: string, bytes: number, bytesMax: number): never {
    const found = `${what} with ${bytes} bytes or more`;
    this.findings.stop('FILE_TOO_LARGE', { found, expected: `at most ${bytesMax}` });
  }

  private async line(): Promise<Line | null> {
    while (this.at >= this.lines.length && !this.ended) await this.fill();
    return this.lines[this.at] ?? null;
  }

  private async fill(): Promise<void> {
    this.lines.length = 0;
    this.at = 0;
    const next: IteratorResult<Uint8Array, unknown> = await this.chunks.next();
    if (next.done === true) {
      this.ended = true;
      if (this.rest.length > 0) this.malformed('a last line without line feed');
      return;
    }
    const data = Buffer.concat([this.rest, next.value]);
    const end = data.lastIndexOf(LF) + 1;
    this.rest = Buffer.from(data.subarray(end));
    if (this.rest.length > LINE_BYTES_MAX) this.malformed(`a line of over ${LINE_BYTES_MAX} bytes`);
    for (const text of data.toString('latin1', 0, Math.max(end - 1, 0)).split('\n')) {
      if (end === 0) return;
      const [, digest = '', path = ''] = LINE.exec(text) ?? this.malformed(quoted(text));
      this.lines.push({ digest, path });
    }
  }

  private malformed(found: string): never {
    this.findings.stop('INDEX_MALFORMED', { found, expected: '<64 hex digits>  <path>' });
  }
}

/** Somebody else's text for a report: short, and without control characters. */
export function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}
