import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  readSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import type { BundleReader } from '@countersign/chain';

const CHUNK_BYTES = 1024 * 1024;
/** Folders below one another; the deepest file of the format has eight above it. */
const DEPTH_MAX = 16;
const FOLDERS_MAX = 10_000_000;
/** Folders known to be plain; forgotten when there are too many. */
const KNOWN_MAX = 1024;

/** What a path that is not there, or not what it should be, answers. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO']);

/**
 * A bundle in a folder that somebody else filled. Follows no symbolic link, opens plain files only and never leaves the
 * folder. Reads synchronously: files are small, and many. Throws what the system says (EACCES, EIO) when a file is there
 * and cannot be read.
 */
export class FolderBundle implements BundleReader {
  private readonly plain = new Set<string>();

  constructor(private readonly folder: string) {}

  open(path: string): Promise<AsyncIterable<Uint8Array> | null> {
    const full = this.resolve(path);
    if (full === null) return Promise.resolve(null);
    // Without O_NONBLOCK a named pipe would wait for a writer.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const fd = orNull(() => openSync(full, flags));
    if (fd === null) return Promise.resolve(null);
    const stat = fstatSync(fd);
    if (stat.isFile()) return Promise.resolve(chunks(fd, stat.size));
    closeSync(fd);
    return Promise.resolve(null);
  }

  size(path: string): Promise<number | null> {
    const full = this.resolve(path);
    const stat = full === null ? null : statOf(full);
    return Promise.resolve(stat?.isFile() === true ? stat.size : null);
  }

  /** Everything that is no folder, also what `open` would refuse: the verifier counts it. */
  async *list(): AsyncIterable<string> {
    let folders = 0;
    function* walk(folder: string, prefix: string, depth: number): Generator<string> {
      if (++folders > FOLDERS_MAX) throw new Error(`more than ${FOLDERS_MAX} folders`);
      const directory = opendirSync(folder);
      try {
        for (let item = directory.readSync(); item !== null; item = directory.readSync()) {
          const path = `${prefix}${item.name}`;
          if (!item.isDirectory() || depth >= DEPTH_MAX) yield path;
          else yield* walk(join(folder, item.name), `${path}/`, depth + 1);
        }
      } finally {
        directory.closeSync();
      }
    }
    for (const path of walk(this.folder, '', 0)) yield await Promise.resolve(path);
  }

  /** The place of a path, when every folder on the way to it is one and no link; null for any other path. */
  private resolve(path: string): string | null {
    const names = path.split('/');
    if (names.some((name) => name === '' || name === '.' || name === '..' || name.includes('\0'))) {
      return null;
    }
    let place = this.folder;
    for (const name of names.slice(0, -1)) {
      place = join(place, name);
      if (this.plain.has(place)) continue;
      if (statOf(place)?.isDirectory() !== true) return null;
      if (this.plain.size >= KNOWN_MAX) this.plain.clear();
      this.plain.add(place);
    }
    return join(place, names.at(-1) ?? '');
  }
}

async function* chunks(fd: number, size: number): AsyncIterable<Uint8Array> {
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(Math.min(size + 1, CHUNK_BYTES));
      const read = readSync(fd, chunk);
      if (read === 0) return;
      yield await Promise.resolve(chunk.subarray(0, read));
    }
  } finally {
    closeSync(fd);
  }
}

function statOf(path: string): Stats | null {
  return orNull(() => lstatSync(path));
}

function orNull<Value>(action: () => Value): Value | null {
  try {
    return action();
  } catch (error) {
    if (ABSENT.has(String((error as { code?: unknown }).code))) return null;
    throw error;
  }
}
