import { toHex } from '../hash.js';
import {
  verifyCheckpoint,
  type CheckpointCode,
  type CheckpointPolicy,
} from '../note/checkpoint.js';
import { ChainVerifier, type ChainReport, type ExpectedHead } from './chain-verifier.js';
import { parseExportLine, type ExportedCheckpoint } from './export-line.js';
import type { ChainFault } from './record.js';
import type { EntryRule } from './rules.js';

export interface ExportPolicy extends CheckpointPolicy {
  readonly tenant?: string;
  /** For tests that show each rule to be needed. */
  readonly rules?: readonly EntryRule[];
}

export type ExportFaultCode =
  | ChainFault['code']
  | CheckpointCode
  | 'LINE_MALFORMED'
  | 'CHECKPOINT_MISSING'
  | 'CHECKPOINT_FIELDS_MISMATCH';

export type ExportVerdict =
  | (ChainReport & { readonly checkpointSize: bigint })
  | {
      readonly ok: false;
      readonly code: ExportFaultCode;
      /** The entry at fault; null when the checkpoint is. */
      readonly sequence: bigint | null;
      readonly detail: string;
    };

/**
 * Verifies a JSON-lines export: the checkpoint on the first line, then every entry from sequence 0 on, one a line. The
 * checkpoint's keys and origin come from the caller. Entries beyond the checkpoint must be consistent, but no head
 * vouches for them yet.
 */
export async function verifyExport(
  lines: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  policy: ExportPolicy,
): Promise<ExportVerdict> {
  let verifier: ChainVerifier | null = null;
  let head: ExpectedHead | null = null;
  let sequence = 0n;
  for await (const bytes of lines) {
    const line = parseExportLine(bytes);
    if (line === null) {
      const at = verifier === null ? null : sequence;
      return refuse('LINE_MALFORMED', at, 'neither entry nor checkpoint');
    }
    if (verifier === null) {
      if (line.kind !== 'checkpoint') break;
      const opened = openCheckpoint(line.checkpoint, policy);
      if ('ok' in opened) return opened;
      head = opened;
      verifier = new ChainVerifier({ ...policy, heads: [opened] });
      continue;
    }
    if (line.kind !== 'entry') return refuse('LINE_MALFORMED', sequence, 'a second checkpoint');
    const fault = verifier.push(line.record);
    if (fault !== null) return refuse(fault.code, fault.sequence, fault.detail);
    sequence++;
  }
  if (verifier === null || head === null) {
    return refuse('CHECKPOINT_MISSING', null, 'the first line holds no checkpoint');
  }
  const report = verifier.finish();
  if (!report.ok) return refuse(report.fault.code, report.fault.sequence, report.fault.detail);
  return { ...report, checkpointSize: head.size };
}

function openCheckpoint(
  shown: ExportedCheckpoint,
  policy: CheckpointPolicy,
): ExpectedHead | (ExportVerdict & { ok: false }) {
  const verified = verifyCheckpoint(shown.note, policy);
  if (!verified.ok) return refuse(verified.code, null, verified.detail);
  const { origin, size, root } = verified.checkpoint;
  if (shown.origin !== origin || shown.size !== String(size) || shown.rootHash !== toHex(root)) {
    return refuse('CHECKPOINT_FIELDS_MISMATCH', null, 'origin, size or root differ from the note');
  }
  return { size, root };
}

function refuse(
  code: ExportFaultCode,
  sequence: bigint | null,
  detail: string,
): ExportVerdict & { ok: false } {
  return { ok: false, code, sequence, detail };
}
