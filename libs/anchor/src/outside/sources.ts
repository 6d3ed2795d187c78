import { readFile } from 'node:fs/promises';
import { copyFolder } from '../copies/copy-name.js';
import type { WriteOnceStore } from '../copies/write-once-store.js';
import { monitoredCheckpoint } from '../witnesses/witness-client.js';
import type { KnownWitness } from '../witnesses/witness-set.js';
import type { OutsideSource } from './outside-source.js';

/** What a witness shows to monitors. */
export function witnessSource({
  name,
  url,
}: KnownWitness & { readonly url: string }): OutsideSource {
  return { name: `witness ${name}`, newest: (origin) => monitoredCheckpoint({ url }, origin) };
}

/** The newest write-once copy. */
export function copySource(store: WriteOnceStore): OutsideSource {
  return {
    name: store.name,
    newest: async (origin) => {
      try {
        const copy = await store.newest(copyFolder(origin));
        return { reached: true, note: copy?.bytes.toString('utf8') ?? null };
      } catch (error) {
        return { reached: false, why: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}

/** The file that the anchor worker keeps beside the other local state; it may be of any log. */
export function fileSource(path: string): OutsideSource {
  return {
    name: 'file',
    mayBeGone: true,
    newest: async () => {
      try {
        return { reached: true, note: await readFile(path, 'utf8') };
      } catch (error) {
        const { code } = error as { code?: unknown };
        if (code === 'ENOENT') return { reached: true, note: null };
        return { reached: false, why: `${path} cannot be read` };
      }
    },
  };
}
