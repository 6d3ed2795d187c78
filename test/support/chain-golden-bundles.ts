import { formatTlogPolicy } from '@countersign/chain';
import type { BundleFiles } from './chain-bundle.js';
import { makeScene } from './chain-damage.js';
import { DAMAGES } from './chain-damages.js';

/** A damaged twin of the golden bundle: what differs from it, and what a verifier must call it. */
export interface Twin {
  readonly name: string;
  readonly story: string;
  readonly codes: readonly string[];
  /** The checkpoint that the auditor kept, when it takes one to see the damage. */
  readonly known: string | null;
  /** Files in base64; null where the golden bundle has one and this has not. */
  readonly changes: Readonly<Record<string, string | null>>;
}

const SEED = 'green';

/** The golden bundle, the policy to pin, and a twin for every kind of damage that one bundle alone can show. */
export function goldenBundles(): { golden: BundleFiles; policy: string; twins: Twin[] } {
  const golden = makeScene(SEED).bundle();
  const twins = DAMAGES.flatMap(({ name, story, codes, make }) => {
    const attempt = make(makeScene(SEED));
    if (attempt === null || attempt.heads !== undefined) return [];
    const known = attempt.options.known ?? null;
    return [{ name, story, codes, known, changes: changesOf(golden, attempt.files) }];
  });
  return { golden, policy: formatTlogPolicy(makeScene(SEED).world.policy), twins };
}

/** The golden bundle with a twin's changes. */
export function twinFiles(golden: BundleFiles, { changes }: Twin): BundleFiles {
  const files = new Map(golden);
  for (const [path, bytes] of Object.entries(changes)) {
    if (bytes === null) files.delete(path);
    else files.set(path, Buffer.from(bytes, 'base64'));
  }
  return files;
}

function changesOf(golden: BundleFiles, files: BundleFiles): Record<string, string | null> {
  const changes: Record<string, string | null> = {};
  for (const path of golden.keys()) if (!files.has(path)) changes[path] = null;
  for (const [path, bytes] of files) {
    if (golden.get(path)?.equals(bytes) !== true) changes[path] = bytes.toString('base64');
  }
  return changes;
}

/** `twins.json`: a line per twin. */
export function formatTwins(twins: readonly Twin[]): string {
  return `[\n${twins.map((twin) => JSON.stringify(twin)).join(',\n')}\n]\n`;
}
