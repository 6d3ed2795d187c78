import { noteText } from '../note/signed-note.js';
import { isAnchorPath } from './layout.js';
import type { ListedFiles } from './listed-files.js';
import type { BundleOptions, TimestampVerdict } from './options.js';
import type { Findings } from './report.js';

const TOKEN_BYTES_MAX = 128 * 1024;
const TOKENS_MAX = 32;
/** Signature lines up to which a token may have been made before the next was added. */
const PREFIXES_MAX = 16;

/** Reads `heads/anchors/*.tsr`, ascending by name: each token covers the checkpoint of the log of heads. */
export async function checkTimestamps(
  files: ListedFiles,
  note: string | null,
  { verifyTimestamp }: BundleOptions,
  findings: Findings,
): Promise<void> {
  const held: { who: string; at: Date }[] = [];
  let count = 0;
  let last = '';
  for (
    let path = await files.peek();
    path !== null && isAnchorPath(path);
    path = await files.peek()
  ) {
    if (path <= last || ++count > TOKENS_MAX) {
      findings.stop('FILE_UNLISTED', { found: path, expected: `at most ${TOKENS_MAX}, ascending` });
    }
    last = path;
    const file = await files.take(path, TOKEN_BYTES_MAX);
    if (verifyTimestamp !== undefined && note !== null) {
      const verdict = verifyAny(note, (bytes) => verifyTimestamp(file.bytes, bytes));
      if (verdict.ok) held.push({ who: path, at: verdict.at });
      else findings.fail('TIMESTAMP_INVALID', { found: verdict.detail, expected: `of ${path}` });
    }
    file.settle();
  }
  findings.subject.timestamps = held;
  if (held.length > 0) {
    findings.pass('timestamps', held.map(({ at }) => at.toISOString()).join(', '));
  } else {
    findings.absent(
      'timestamps',
      count === 0 ? 'the bundle has none' : 'no certificate of an authority is pinned',
    );
  }
}

/**
 * Cosignatures are appended to a note as they come: a token covers the note as it was, which is its text, or its text
 * and the first of its signature lines.
 */
function verifyAny(
  note: string,
  verify: (bytes: Uint8Array) => TimestampVerdict,
): TimestampVerdict {
  const whole = verify(Buffer.from(note, 'utf8'));
  const text = noteText(note);
  if (whole.ok || text === null) return whole;
  const lines = note
    .slice(text.length + 1)
    .split('\n')
    .slice(0, PREFIXES_MAX);
  for (let count = lines.length; count >= 0; count--) {
    const signatures = lines.slice(0, count).map((line) => `${line}\n`);
    const earlier = count === 0 ? text : `${text}\n${signatures.join('')}`;
    const verdict = verify(Buffer.from(earlier, 'utf8'));
    if (verdict.ok) return verdict;
  }
  return whole;
}
