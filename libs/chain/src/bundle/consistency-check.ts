import { sameBytes, toHex } from '../hash.js';
import { parseCheckpoint } from '../note/checkpoint.js';
import { noteText, NOTE_BYTES_MAX } from '../note/signed-note.js';
import { parseHashLines } from '../tlog/hash-lines.js';
import { verifyWithPolicy } from '../tlog/policy-check.js';
import type { TlogPolicy } from '../tlog/policy.js';
import { verifyConsistency } from '../tree/verify-proof.js';
import type { SignedHead } from './checkpoint-check.js';
import { BUNDLE_FILES } from './layout.js';
import type { ListedFiles } from './listed-files.js';
import type { Findings } from './report.js';
import { EarlierTree } from './tree-walk.js';

/** Reads `checkpoint.old` and `consistency`, when they are there: the log only grew since. */
export async function checkOldCheckpoint(
  files: ListedFiles,
  head: SignedHead,
  policy: TlogPolicy,
  findings: Findings,
): Promise<void> {
  if (!(await files.next(BUNDLE_FILES.oldCheckpoint))) return;
  const old = await files.take(BUNDLE_FILES.oldCheckpoint, NOTE_BYTES_MAX);
  const proofFile = await files.take(BUNDLE_FILES.consistency, 8192);
  const { origin, size, root } = head.checkpoint;
  const opened = verifyWithPolicy(old.bytes, policy, origin);
  if (!opened.ok) {
    return findings.stop('OLD_CHECKPOINT_INVALID', {
      found: `${opened.code}: ${opened.detail}`,
      expected: `a checkpoint of ${origin}`,
    });
  }
  const proof = parseHashLines(linesOf(proofFile.bytes.toString('latin1')));
  if (proof === null) {
    return findings.stop('CONSISTENCY_MALFORMED', { found: 'other lines', expected: 'base64' });
  }
  const { size: fromSize, root: fromRoot } = opened.checkpoint;
  if (!verifyConsistency({ fromSize, fromRoot, toSize: size, toRoot: root, proof })) {
    findings.fail('CONSISTENCY_BROKEN', {
      found: `a proof that does not hold from size ${fromSize}`,
      expected: `one to root ${toHex(root)} of size ${size}`,
    });
  }
  old.settle();
  proofFile.settle();
  findings.pass('consistency', `grew from size ${fromSize}`);
}

function linesOf(text: string): string[] {
  // Without its LF at the end a last line is no line; the empty file is the empty proof.
  return text === '' ? [] : text.endsWith('\n') ? text.slice(0, -1).split('\n') : [''];
}

/** What has to be seen of the tree before the reader's own checkpoint is settled. */
export interface KnownCheck {
  readonly earlier: EarlierTree | null;
  /** Behind the last tile. */
  settle(): void;
}

const NOTHING: KnownCheck = { earlier: null, settle: () => undefined };

/**
 * Measures a bundle by the checkpoint that its reader kept: of the same log, then the tree must contain it; or of the log
 * of heads, as far as one proof can tell.
 */
export function checkKnown(
  known: string | undefined,
  head: SignedHead,
  heads: SignedHead | null,
  policy: TlogPolicy,
  findings: Findings,
): KnownCheck {
  if (known === undefined) return NOTHING;
  const origin = parseCheckpoint(noteText(known) ?? '')?.origin ?? '';
  const measured = [head, heads].find((candidate) => candidate?.checkpoint.origin === origin);
  const opened = verifyWithPolicy(known, policy, origin);
  if (measured === undefined || measured === null || !opened.ok) {
    findings.fail('KNOWN_UNVERIFIED', {
      found: opened.ok ? `a checkpoint of ${origin}` : `${opened.code}: ${opened.detail}`,
      expected: `a checkpoint of ${head.checkpoint.origin}`,
    });
    return NOTHING;
  }
  const { size, root } = opened.checkpoint;
  if (size > measured.checkpoint.size) {
    findings.fail('ROLLED_BACK', {
      sequence: measured.checkpoint.size,
      found: `a tree of size ${measured.checkpoint.size}`,
      expected: `at least ${size}, as your checkpoint of ${origin} says`,
    });
    return NOTHING;
  }
  const judge = (found: Uint8Array | null): void => {
    if (found === null) {
      findings.fail('KNOWN_UNPROVEN', {
        found: `no tiles that give the root at size ${size}`,
        expected: 'a bundle of a range that holds them, or one exported --since your checkpoint',
      });
    } else if (!sameBytes(found, root)) {
      findings.fail('KNOWN_ROOT_MISMATCH', {
        sequence: size,
        found: `root ${toHex(found)} at size ${size}`,
        expected: toHex(root),
      });
    } else {
      findings.pass('consistency', `contains the tree of your checkpoint, of size ${size}`);
    }
  };
  if (size === measured.checkpoint.size) {
    return { earlier: null, settle: () => judge(measured.checkpoint.root) };
  }
  const earlier = measured === head ? new EarlierTree(Number(size)) : null;
  return { earlier, settle: () => judge(earlier?.root() ?? null) };
}
