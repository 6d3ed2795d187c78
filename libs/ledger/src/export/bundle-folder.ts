import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  type FileHandle,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BUNDLE_FILES } from '@countersign/chain';
import { AppError } from '@countersign/kernel';

/** In a folder whose export has not ended: what it is the export of. */
export const UNFINISHED = '.unfinished';

const LINE = /^([0-9a-f]{64}) {2}(\S+)$/;

/**
 * A folder that a bundle is written into, file after file. `files.sha256` grows with it: a file is listed when it is
 * complete, so that an interrupted export goes on behind the last listed file that is what its line says.
 */
export class BundleFolder {
  #listed: FileHandle | null = null;
  /** Lines of files that were found good in the folder and are not written again. */
  #found: AsyncGenerator<string, void, undefined> | null = null;
  #next: string | null = null;
  #files = 0;
  #bytes = 0;
  #resumed = 0;

  private constructor(
    private readonly path: string,
    /** What `adopt` decided on. */
    readonly plan: string,
  ) {}

  /**
   * Takes a folder that is not there, empty, or has an unfinished export, whose plan `adopt` then judges; its verdict is
   * the plan to go on with. Throws FOLDER_NOT_EMPTY for any other folder, and leaves it alone.
   */
  static async open(
    path: string,
    adopt: (unfinished: string | null) => Promise<string>,
  ): Promise<BundleFolder> {
    await mkdir(path, { recursive: true });
    const names = await readdir(path);
    const marker = join(path, UNFINISHED);
    const isOurs = names.includes(UNFINISHED);
    // An export that was interrupted while it wrote its marker.
    const isEmpty = names.every((name) => name === `${UNFINISHED}.new`);
    if (!isOurs && !isEmpty) {
      throw new AppError('FOLDER_NOT_EMPTY', {
        publicMessage: `${path} is not empty and holds no unfinished export.`,
        hint: 'Name a folder that does not exist yet.',
      });
    }
    const before = isOurs ? await readFile(marker, 'utf8') : null;
    const plan = await adopt(before);
    if (before === null) {
      await writeDurably(`${marker}.new`, plan);
      await rename(`${marker}.new`, marker);
    }
    const folder = new BundleFolder(path, plan);
    await folder.#resume();
    return folder;
  }

  get files(): number {
    return this.#files;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get resumedFiles(): number {
    return this.#resumed;
  }

  /** The next file, when an earlier run has written it already: true, and it counts as written. */
  async takeFound(path: string): Promise<boolean> {
    if (this.#next !== path) return false;
    this.#next = await this.#nextFound();
    this.#resumed++;
    this.#files++;
    return true;
  }

  /** Writes the next file from its parts; not at all when there is no part and `optional`. */
  async write(
    path: string,
    parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    optional = false,
  ): Promise<void> {
    let file: FileHandle | null = optional ? null : await this.#create(path);
    const hash = createHash('sha256');
    try {
      for await (const part of parts) {
        file ??= await this.#create(path);
        hash.update(part);
        await file.writeFile(part);
        this.#bytes += part.byteLength;
      }
    } finally {
      await file?.close();
    }
    if (file === null) return;
    const listed = await this.#list();
    await listed.writeFile(`${hash.digest('hex')}  ${path}\n`);
    this.#files++;
  }

  /** The bundle is complete: takes the marker away. */
  async finish(): Promise<void> {
    const listed = await this.#list();
    await listed.sync();
    await this.close();
    await rm(join(this.path, UNFINISHED));
  }

  /** Leaves the folder as it is. */
  async close(): Promise<void> {
    await this.#listed?.close();
    this.#listed = null;
  }

  async #list(): Promise<FileHandle> {
    return (this.#listed ??= await open(join(this.path, BUNDLE_FILES.index), 'a'));
  }

  async #create(path: string): Promise<FileHandle> {
    const full = join(this.path, path);
    try {
      return await open(full, 'w');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await mkdir(dirname(full), { recursive: true });
      return open(full, 'w');
    }
  }

  /** Keeps the leading lines whose files are what they say, and cuts off the rest. */
  async #resume(): Promise<void> {
    const index = join(this.path, BUNDLE_FILES.index);
    let good = 0;
    for await (const line of linesOf(index, null)) {
      const [, digest, path = ''] = LINE.exec(line) ?? [];
      if (digest === undefined || (await digestOf(join(this.path, path))) !== digest) break;
      good += line.length + 1;
    }
    if (good === 0) await rm(index, { force: true });
    else {
      await truncate(index, good);
      this.#found = linesOf(index, good);
    }
    this.#next = await this.#nextFound();
  }

  async #nextFound(): Promise<string | null> {
    const next = await this.#found?.next();
    if (next === undefined || next.done === true) return null;
    return LINE.exec(next.value)?.[2] ?? null;
  }
}

/** The lines of a file up to its `end`-th byte; none when it is not there. What follows the last LF is no line. */
async function* linesOf(path: string, end: number | null): AsyncGenerator<string, void, undefined> {
  const stream = createReadStream(path, {
    encoding: 'utf8',
    ...(end === null ? {} : { end: end - 1 }),
  });
  try {
    let rest = '';
    for await (const chunk of stream) {
      const lines = `${rest}${String(chunk)}`.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Null when there is no such file. */
async function digestOf(path: string): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return hash.digest('hex');
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
