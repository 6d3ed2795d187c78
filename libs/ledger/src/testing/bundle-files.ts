import { createReadStream } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parsePayloadLine, sha256Hex, type BundleReader } from '@countersign/chain';

/** Aborts by itself when it was asked a number of times: between any two files. */
export class CountingSignal extends EventTarget implements AbortSignal {
  onabort = null;
  reason: unknown = undefined;
  constructor(private left: number) {
    super();
  }
  get aborted(): boolean {
    return this.left-- <= 0;
  }
  throwIfAborted(): void {
    throw new Error('not used');
  }
}

/** Paths of all files, sorted. */
export async function filesOf(path: string): Promise<string[]> {
  const found = await readdir(path, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)))
    .sort();
}

/** A bundle in a folder, as the verifier takes it. */
export function folderReader(path: string): BundleReader {
  return {
    open: async (name) => {
      const found = await stat(join(path, name)).catch(() => null);
      return found === null ? null : (createReadStream(join(path, name)) as AsyncIterable<Buffer>);
    },
    size: async (name) => (await stat(join(path, name)).catch(() => null))?.size ?? null,
    list: async function* () {
      yield* await filesOf(path);
    },
  };
}

/** Replaces a file and its line of files.sha256, as a forger would. */
export async function rewrite(path: string, name: string, text: string): Promise<void> {
  await writeFile(join(path, name), text);
  const index = join(path, 'files.sha256');
  const lines = (await readFile(index, 'utf8')).split('\n');
  const digest = sha256Hex(Buffer.from(text));
  await writeFile(
    index,
    lines.map((line) => (line.endsWith(`  ${name}`) ? `${digest}  ${name}` : line)).join('\n'),
  );
}

/** All payload lines of a bundle, in order. */
export async function payloadLinesOf(path: string): Promise<
  {
    sequence: number;
    disclosures: readonly { path: string; value: unknown }[];
    evidence?: { bytes: Buffer } | null;
  }[]
> {
  const lines = [];
  for (const name of await filesOf(path)) {
    if (!name.startsWith('payload/')) continue;
    for (const line of (await readFile(join(path, name), 'utf8')).trimEnd().split('\n')) {
      const parsed = parsePayloadLine(Buffer.from(line));
      if (parsed === null) throw new Error(`not a payload line: ${line}`);
      const { disclosures, evidence, sequence } = parsed;
      const shown =
        evidence === undefined || evidence === null
          ? {}
          : { evidence: { bytes: Buffer.from(evidence.bytes) } };
      lines.push({ sequence, disclosures, ...(evidence === null ? { evidence } : shown) });
    }
  }
  return lines;
}
