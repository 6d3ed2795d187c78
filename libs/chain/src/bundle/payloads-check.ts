import { CONTENT_RULES, type EntryRule } from '../verify/rules.js';
import type { CoveredEntry } from './entries-check.js';
import type { ListedFiles } from './listed-files.js';
import type { BundleManifest } from './manifest.js';
import { parsePayloadLine, PAYLOAD_LINE_BYTES_MAX, type PayloadLine } from './payload-line.js';
import type { Findings } from './report.js';

/**
 * Reads the payload file of one block: a line for each covered entry, in order, and no other; each with the digest,
 * commitments and evidence that its entry names. The filter was applied to headers by us, so nothing that it matches
 * can be left out unseen.
 */
export async function checkPayloads(
  path: string,
  covered: readonly CoveredEntry[],
  manifest: BundleManifest,
  files: ListedFiles,
  rules: readonly EntryRule[] | undefined,
  findings: Findings,
): Promise<void> {
  const [first] = covered;
  if (first === undefined) return;
  if (!(await files.next(path))) {
    missing(first, findings);
    return;
  }
  let at = 0;
  for await (const bytes of files.takeLines(path, PAYLOAD_LINE_BYTES_MAX)) {
    const line = parsePayloadLine(bytes);
    const entry = covered[at];
    if (line === null) {
      const sequence = entry?.header.seq;
      findings.stop('PAYLOAD_LINE_MALFORMED', {
        sequence,
        found: path,
        expected: 'a payload line',
      });
    }
    if (entry === undefined || line.sequence < entry.header.seq) {
      findings.fail('PAYLOAD_UNASKED', {
        sequence: line.sequence,
        found: `a payload of ${line.sequence}`,
        expected: entry === undefined ? 'no more lines' : `that of ${entry.header.seq}`,
      });
      continue;
    }
    if (line.sequence > entry.header.seq) missing(entry, findings);
    while (covered[at] !== undefined && (covered[at]?.header.seq ?? 0) < line.sequence) at++;
    const owner = covered[at];
    if (owner?.header.seq === line.sequence) checkLine(line, owner, manifest, rules, findings);
    at++;
  }
  const left = covered[at];
  if (left !== undefined) missing(left, findings);
}

function missing({ header }: CoveredEntry, findings: Findings): void {
  findings.fail('PAYLOAD_MISSING', {
    sequence: header.seq,
    found: 'no payload',
    expected: `one with digest ${header.payload}`,
  });
}

function checkLine(
  line: PayloadLine,
  { canonical, header, leafHash }: CoveredEntry,
  manifest: BundleManifest,
  rules: readonly EntryRule[] | undefined,
  findings: Findings,
): void {
  const sequence = header.seq;
  const { payload, disclosures, evidence } = line;
  if ((evidence !== undefined) !== manifest.evidence) {
    findings.fail('EVIDENCE_UNASKED', {
      sequence,
      found: evidence === undefined ? 'no evidence' : 'evidence',
      expected: manifest.evidence ? 'evidence, or null' : 'none',
    });
  }
  const input = {
    record: { canonical, payload, disclosures, evidence: evidence ?? null },
    header,
    leafHash,
    expectedSequence: sequence,
    expectedPrevious: header.prev,
    recordedBefore: null,
    tenant: null,
  };
  for (const rule of rules ?? Object.values(CONTENT_RULES)) {
    const fault = rule(input);
    if (fault !== null) return findings.stop(fault.code, { sequence, ...fault });
  }
  findings.subject.payloads++;
}
