import {
  personal,
  subjects,
  SYSTEM_ACTOR,
  type EntryDraft,
  type EvidenceDraft,
  type Personal,
} from '@countersign/events';
import { createHash } from 'node:crypto';
import type {
  ObservedRun,
  ObservedTag,
  ObservedVersion,
  ReadEvidence,
  ReadFailureCode,
} from './registry-reader.js';

/** What is read back, and when the reading began. */
export interface Reading {
  /** Sequence of the entry that reported the version. */
  readonly readFor: bigint;
  /** Size of the ledger when the reading began: entries from there on may be newer than what was seen. */
  readonly readAtSize: bigint;
  readonly source: string;
  readonly name: string;
  readonly version: string;
  readonly at: Date;
}

/** The entry of a version that was seen. */
export function versionDraft(reading: Reading, seen: ObservedVersion): EntryDraft {
  const { name, version } = reading;
  return {
    ...common(reading, ''),
    type: 'model_version.observed',
    subject: subjects.modelVersion(name, version),
    data: {
      name,
      version,
      runId: seen.runId,
      sourceUri: seen.sourceUri,
      stage: seen.stage,
      status: seen.status,
      description: personalOrNull(seen.description),
      tags: personalPairs(seen.tags),
      aliases: seen.aliases,
      createdAtMs: seen.createdAtMs,
      readFor: String(reading.readFor),
      readAtSize: String(reading.readAtSize),
    },
    evidence: evidenceOf(seen.evidence),
  };
}

/** The entry of the run that made the version. People and free text are personal, measurements are not. */
export function runDraft(reading: Reading, seen: ObservedRun): EntryDraft {
  const { status, startedAtMs, endedAtMs, datasetInputs, modelOutputs } = seen;
  return {
    ...common(reading, '/run'),
    type: 'run.observed',
    subject: subjects.run(seen.runId),
    data: {
      runId: seen.runId,
      runName: personalOrNull(seen.runName),
      userName: personalOrNull(seen.userName),
      status,
      startedAtMs,
      endedAtMs,
      params: personalPairs(seen.params),
      metrics: seen.metrics.map(({ key, value }) => ({ key, value })),
      tags: personalPairs(seen.tags),
      datasetInputs: datasetInputs.map((input) => ({ ...input })),
      modelOutputs,
      readFor: String(reading.readFor),
    },
    evidence: evidenceOf(seen.evidence),
  };
}

/** The entry of a version that could not be read, after the last try. */
export function unreachableDraft(
  reading: Reading,
  sourceId: string,
  failure: { readonly code: ReadFailureCode; readonly detail: string },
): EntryDraft {
  return {
    ...common(reading, '/unreachable'),
    type: 'source.unreachable',
    subject: subjects.source(sourceId),
    data: {
      sourceId,
      operation: `read back ${subjects.modelVersion(reading.name, reading.version)}`,
      detail: `${failure.code}: ${failure.detail}`,
    },
  };
}

/**
 * One per version entry and part, so that a reading which is done twice counts once. The name is in it for
 * whoever reads the ledger; a name too long for a key is shortened to its hash.
 */
function deliveryOf({ name, version, readFor }: Reading, part: string): string {
  const label = `${encodeURIComponent(name)}/${encodeURIComponent(version)}`;
  const short =
    label.length <= LABEL_CHARS_MAX ? label : createHash('sha256').update(label).digest('hex');
  return `readback:${short}@${readFor}${part}`;
}

const LABEL_CHARS_MAX = 400;

function common(
  reading: Reading,
  part: string,
): Pick<EntryDraft, 'source' | 'actor' | 'basis' | 'occurredAt' | 'delivery'> {
  return {
    source: reading.source,
    actor: SYSTEM_ACTOR,
    basis: 'authenticated',
    occurredAt: reading.at,
    delivery: deliveryOf(reading, part),
  };
}

function evidenceOf({ bytes, mediaType }: ReadEvidence): EvidenceDraft {
  return { bytes, mediaType };
}

function personalOrNull(value: string | null): Personal | null {
  return value === null ? null : personal(value);
}

function personalPairs(pairs: readonly ObservedTag[]): { key: string; value: Personal }[] {
  return pairs.map(({ key, value }) => ({ key, value: personal(value) }));
}
