import { NOTE_BYTES_MAX } from '../note/signed-note.js';
import type { Checkpoint } from '../note/checkpoint.js';
import { verifyWithPolicy } from '../tlog/policy-check.js';
import type { TlogPolicy } from '../tlog/policy.js';
import { BUNDLE_FILES } from './layout.js';
import { quoted, type ListedFiles } from './listed-files.js';
import type { BundleManifest } from './manifest.js';
import type { Findings } from './report.js';

/** The signed head that everything else in a bundle is measured by. */
export interface SignedHead {
  readonly note: string;
  readonly checkpoint: Checkpoint;
  /** `checkpoint.size` as a number: below 2^53. */
  readonly size: number;
  /** Names of the policy. */
  readonly witnesses: ReadonlySet<string>;
  readonly quorum: boolean;
}

/** True for the origin of a log of heads: `<name>/heads/<id>`. A ledger has no such part in its name. */
export function isHeadsOrigin(origin: string): boolean {
  return /\/heads\/[^/]+$/.test(origin);
}

/** True when the policy pins a key for this log. */
export function isPinned(policy: TlogPolicy, origin: string): boolean {
  return policy.logs.some((log) => log.origin === origin);
}

/** Reads `checkpoint` and opens it with the keys that the policy pins for the origin which the manifest names. */
export async function checkCheckpoint(
  files: ListedFiles,
  manifest: BundleManifest,
  policy: TlogPolicy,
  findings: Findings,
): Promise<SignedHead> {
  const { origin, kind } = manifest;
  const file = await files.take(BUNDLE_FILES.checkpoint, NOTE_BYTES_MAX);
  if (!isPinned(policy, origin)) {
    const expected = policy.logs.map((log) => log.origin).slice(0, 8);
    findings.stop('LOG_NOT_PINNED', {
      found: quoted(origin),
      expected: `one of ${expected.join(', ')}`,
    });
  }
  const opened = verifyWithPolicy(file.bytes, policy, origin);
  if (!opened.ok) {
    return findings.stop(opened.code, {
      found: opened.detail,
      expected: `a checkpoint of ${origin}`,
    });
  }
  if (isHeadsOrigin(origin) !== (kind === 'heads')) {
    findings.fail('LOG_KIND', { found: `the log ${origin}`, expected: `a log of kind ${kind}` });
  }
  const { checkpoint, witnesses, quorum } = opened;
  if (checkpoint.size > BigInt(Number.MAX_SAFE_INTEGER)) {
    findings.stop('SIZE_TOO_LARGE', { found: String(checkpoint.size), expected: 'below 2^53' });
  }
  const size = Number(checkpoint.size);
  if (manifest.size !== size) {
    findings.stop('MANIFEST_SIZE', { found: String(manifest.size), expected: String(size) });
  }
  file.settle();
  findings.pass('checkpoint', `size ${size}, signed by ${origin}`);
  return { note: file.bytes.toString('utf8'), checkpoint, size, witnesses, quorum };
}
