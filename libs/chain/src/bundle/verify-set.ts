import { sameBytes, toHex } from '../hash.js';
import type { Checkpoint } from '../note/checkpoint.js';
import { parseCheckpoint } from '../note/checkpoint.js';
import { NOTE_BYTES_MAX, noteText } from '../note/signed-note.js';
import { verifyWithPolicy } from '../tlog/policy-check.js';
import { isHeadsOrigin } from './checkpoint-check.js';
import { HeadHistory, HEADS_KEPT_MAX } from './head-history.js';
import type { LastHead } from './head-leaves.js';
import { BUNDLE_FILES } from './layout.js';
import { quoted } from './listed-files.js';
import { parseBundleManifest } from './manifest.js';
import type { BundleOptions } from './options.js';
import type { BundleReader } from './reader.js';
import { Findings, Stopped, type BundleFault, type BundleReport } from './report.js';
import { inspectBundle, type VerifiedBundle } from './verify-bundle.js';

/** A tenant's bundle, under the name that its reader knows it by. */
export interface NamedBundle {
  readonly name: string;
  readonly reader: BundleReader;
}

export interface BundleSetReport {
  /** The worst of all. */
  readonly verdict: BundleReport['verdict'];
  /** What the bundles show only together: a log without its bundle, a bundle behind its last head, two histories. */
  readonly fault: BundleFault | null;
  readonly heads: BundleReport;
  readonly bundles: readonly { readonly name: string; readonly report: BundleReport }[];
}

/**
 * Verifies the bundle of a log of heads together with the tenants' bundles. The log of heads says which ledgers there
 * are, and how far each had grown: a whole ledger that is gone, or cut, or another than was announced at any time, is
 * missed.
 */
export async function verifyBundleSet(
  heads: BundleReader,
  tenants: readonly NamedBundle[],
  options: BundleOptions,
): Promise<BundleSetReport> {
  const seen = await Promise.all(tenants.map(({ reader }) => headsSeenBy(reader, options)));
  const sizes = seen.flatMap((checkpoint) => (checkpoint === null ? [] : [checkpoint.size]));
  const budget = { left: HEADS_KEPT_MAX };
  const histories = new Map<string, HeadHistory>();
  for (const { reader } of tenants) {
    histories.set(await originOf(reader), new HeadHistory(budget));
  }
  const log = await inspectBundle(heads, options, { sizes, histories });
  const findings = new Findings(options.without);
  const bundles: { name: string; report: BundleReport }[] = [];
  const found = new Set<string>();
  try {
    for (const [i, { name, reader }] of tenants.entries()) {
      const origin = await originOf(reader);
      const last = log.heads.get(origin);
      const asked = last === undefined || last.root === null ? [] : [last.size];
      const bundle = await inspectBundle(
        reader,
        { ...options, known: undefined },
        { sizes: asked, history: histories.get(origin) },
      );
      bundles.push({ name, report: bundle.report });
      found.add(origin);
      judgeHeads(name, seen[i] ?? null, log, findings);
      judgeBundle(name, origin, last, bundle, findings);
    }
    for (const origin of log.heads.keys()) {
      if (found.has(origin)) continue;
      findings.fail('BUNDLE_MISSING', { found: 'no bundle', expected: `one of ${origin}` });
    }
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
  const { fault, verdict } = findings.report();
  const all = [log.report.verdict, ...bundles.map(({ report }) => report.verdict), verdict];
  const worst = (['tampered', 'incomplete'] as const).find((grade) => all.includes(grade));
  return { verdict: worst ?? 'ok', fault, heads: log.report, bundles };
}

/** The checkpoint of the log of heads that a tenant's bundle carries; null when there is none that counts. */
async function headsSeenBy(
  reader: BundleReader,
  { policy }: BundleOptions,
): Promise<Checkpoint | null> {
  const bytes = await small(reader, BUNDLE_FILES.headsCheckpoint, NOTE_BYTES_MAX);
  const origin = parseCheckpoint(noteText(bytes?.toString('utf8') ?? '') ?? '')?.origin ?? '';
  if (bytes === null || !isHeadsOrigin(origin)) return null;
  const opened = verifyWithPolicy(bytes, policy, origin);
  return opened.ok ? opened.checkpoint : null;
}

async function originOf(reader: BundleReader): Promise<string> {
  const bytes = await small(reader, BUNDLE_FILES.manifest, 1024 * 1024);
  const read = bytes === null ? null : parseBundleManifest(bytes);
  return read?.ok === true ? read.manifest.origin : '';
}

async function small(reader: BundleReader, path: string, bytesMax: number): Promise<Buffer | null> {
  const size = await reader.size(path);
  const content = size === null || size > bytesMax ? null : await reader.open(path);
  if (content === null) return null;
  const parts: Uint8Array[] = [];
  let read = 0;
  for await (const chunk of content) {
    read += chunk.byteLength;
    if (read > bytesMax) return null;
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

/** The log of heads that a tenant's bundle was proven against is a part of the one at hand. */
function judgeHeads(
  name: string,
  seen: Checkpoint | null,
  log: VerifiedBundle,
  findings: Findings,
): void {
  if (seen?.origin !== log.report.origin) return;
  const size = log.report.size ?? 0n;
  if (seen.size > size) {
    const expected = `at least size ${seen.size}, as ${name} proves`;
    findings.fail('HEADS_BEHIND', { found: `size ${size}`, expected });
    return;
  }
  const root = log.earlierRoots.get(seen.size) ?? null;
  if (root !== null && !sameBytes(root, seen.root)) {
    findings.fail('HEADS_SPLIT', {
      sequence: seen.size,
      found: `root ${toHex(seen.root)} at size ${seen.size} in ${name}`,
      expected: toHex(root),
    });
  }
}

function judgeBundle(
  name: string,
  origin: string,
  last: LastHead | undefined,
  { report, contradicted, earlierRoots }: VerifiedBundle,
  findings: Findings,
): void {
  if (report.verdict === 'tampered') return;
  if (last === undefined) {
    findings.fail('BUNDLE_UNKNOWN_LOG', {
      found: `${name} of ${quoted(origin)}`,
      expected: 'an opened log',
    });
    return;
  }
  if (contradicted !== null) {
    findings.fail('HEAD_ROOT_MISMATCH', {
      sequence: contradicted.size,
      found: `root ${toHex(contradicted.found)} at size ${contradicted.size} in ${name}`,
      expected: `${toHex(contradicted.expected)}, as the log of heads says`,
    });
    return;
  }
  const { size, root } = last;
  if ((report.size ?? 0n) < size) {
    findings.fail('BUNDLE_BEHIND_HEAD', {
      sequence: report.size ?? 0n,
      found: `${name} of size ${String(report.size)}`,
      expected: `at least ${size}, as leaf ${last.sequence} of the log of heads says`,
    });
    return;
  }
  if (root === null) return;
  const shown = earlierRoots.get(size) ?? null;
  if (shown === null) {
    const expected = `a bundle that holds entry ${size - 1n}`;
    findings.fail('HEAD_UNPROVEN', { found: `${name} without those tiles`, expected });
  } else if (!sameBytes(shown, root)) {
    findings.fail('HEAD_ROOT_MISMATCH', {
      sequence: size,
      found: `root ${toHex(shown)} at size ${size} in ${name}`,
      expected: toHex(root),
    });
  }
}
