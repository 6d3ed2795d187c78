import { encodeHeadLeaf } from '../heads/encode-head-leaf.js';
import { parseCheckpoint } from '../note/checkpoint.js';
import { NOTE_BYTES_MAX, noteText } from '../note/signed-note.js';
import { verifyWithPolicy } from '../tlog/policy-check.js';
import { NO_QUORUM, type TlogPolicy } from '../tlog/policy.js';
import { parseTlogProof } from '../tlog/tlog-proof.js';
import { leafHash } from '../tree/hashing.js';
import { verifyInclusion } from '../tree/verify-proof.js';
import { isHeadsOrigin, isPinned, type SignedHead } from './checkpoint-check.js';
import { BUNDLE_FILES } from './layout.js';
import { quoted, type ListedFile, type ListedFiles } from './listed-files.js';
import type { Findings } from './report.js';

/**
 * Reads `heads/checkpoint` and `heads/head.tlog-proof`: the signed head, as a leaf that is built here and not read, is in
 * the log of heads. Null when the bundle has no such part, or the policy no key for it.
 */
export async function checkHeads(
  files: ListedFiles,
  head: SignedHead,
  policy: TlogPolicy,
  findings: Findings,
): Promise<SignedHead | null> {
  const pinned = policy.logs.find((log) => isHeadsOrigin(log.origin));
  if (!(await files.next(BUNDLE_FILES.headsCheckpoint))) {
    if (pinned === undefined) findings.absent('heads', 'the policy pins no log of heads');
    else findings.fail('HEADS_MISSING', { found: 'none', expected: `a proof of ${pinned.origin}` });
    return null;
  }
  const note = await files.take(BUNDLE_FILES.headsCheckpoint, NOTE_BYTES_MAX);
  const proof = await files.take(BUNDLE_FILES.headProof, 2 * NOTE_BYTES_MAX);
  const heads = open(note, policy, findings, pinned?.origin);
  if (heads !== null) checkProof(proof, heads, head, findings);
  note.settle();
  proof.settle();
  return heads;
}

function open(
  note: ListedFile,
  policy: TlogPolicy,
  findings: Findings,
  pinned: string | undefined,
): SignedHead | null {
  const text = note.bytes.toString('utf8');
  const origin = parseCheckpoint(noteText(text) ?? '')?.origin ?? '';
  if (pinned === undefined) {
    findings.absent('heads', 'the policy pins no log of heads');
    return null;
  }
  if (!isPinned(policy, origin)) {
    findings.fail('HEADS_NOT_PINNED', { found: quoted(origin), expected: pinned });
    return null;
  }
  const opened = verifyWithPolicy(note.bytes, policy, origin);
  if (!opened.ok || !isHeadsOrigin(origin)) {
    return findings.stop('HEADS_CHECKPOINT_INVALID', {
      found: opened.ok ? quoted(origin) : `${opened.code}: ${opened.detail}`,
      expected: `a checkpoint of ${pinned}`,
    });
  }
  const { checkpoint, witnesses, quorum } = opened;
  return { note: text, checkpoint, size: Number(checkpoint.size), witnesses, quorum };
}

function checkProof(
  file: ListedFile,
  heads: SignedHead,
  head: SignedHead,
  findings: Findings,
): void {
  const proof = parseTlogProof(file.bytes.toString('utf8'));
  if (proof === null) {
    return findings.stop('HEAD_PROOF_MALFORMED', { found: 'something else', expected: 'a proof' });
  }
  if (proof.checkpoint !== heads.note) {
    findings.fail('HEAD_PROOF_CHECKPOINT', { found: 'another', expected: 'heads/checkpoint' });
  }
  const { origin, size, root } = head.checkpoint;
  const leaf = encodeHeadLeaf({ kind: 'head/1', origin, root, size });
  const claim = {
    index: proof.index,
    size: heads.checkpoint.size,
    root: heads.checkpoint.root,
    proof: proof.hashes,
    leafHash: leafHash(leaf),
  };
  if (!verifyInclusion(claim)) {
    findings.fail('HEAD_NOT_INCLUDED', {
      found: `a proof that does not lead from leaf ${proof.index} to size ${claim.size}`,
      expected: leaf.toString('utf8'),
    });
  }
  findings.pass('heads', `leaf ${proof.index} of ${heads.checkpoint.origin}, size ${claim.size}`);
}

/** Enough witnesses have cosigned: the checkpoint of the log of heads, whichever file it is. */
export function checkQuorum(
  heads: SignedHead | null,
  policy: TlogPolicy,
  findings: Findings,
): void {
  const names = [...(heads?.witnesses ?? [])].sort();
  findings.subject.witnesses = names;
  const found = names.length === 0 ? 'no cosignature of theirs' : names.join(', ');
  if (heads?.quorum !== true && policy.quorum !== NO_QUORUM) {
    findings.fail('QUORUM_NOT_MET', { found, expected: `the quorum ${policy.quorum}` });
  } else if (names.length === 0) {
    findings.absent('witnesses', 'the policy asks for none');
  } else {
    findings.pass('witnesses', names.join(', '));
  }
}
