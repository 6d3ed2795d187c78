import type { OutputFacts, OutputRow, RunFacts } from './facts.js';
import { operation } from './operation.js';
import type { DatasetMention } from './run-event.js';

/** Who stated a version of a dataset as its output, and when. */
export interface Claim {
  readonly runId: string;
  readonly version: string;
  /** Microseconds, by the producer's clock. */
  readonly claimedAt: number;
  /** The entry that stated it; breaks ties. */
  readonly sequence: bigint;
}

/**
 * What may be believed of what producers send. Each rule answers a fault that real Spark, Iceberg and Delta events
 * have. A projection gets them as a value, so that tests can break one at a time.
 */
export interface EvidenceRules {
  /** A failure is final: the same run may still send COMPLETE. */
  endsInFailure(eventType: string): boolean;
  /** Before COMPLETE, an output's version is the one before (Delta MERGE), if there is any. */
  believesOutputVersion(eventType: string): boolean;
  /** Reads of a metadata table (`t.snapshots`) carry the table's own name and version. */
  readsNoRows(mention: DatasetMention): boolean;
  /** A version has one writer: whoever stated it first. `claims` are all of one version, never empty. */
  wrote(claims: readonly Claim[], runIds: ReadonlySet<string>): boolean;
  /** CREATE TABLE AS SELECT sends two runs for one write: the statement's, and inside of it the insert's. */
  nestsIn(inner: OutputRow, outer: OutputRow): boolean;
  /** A versioned store that names no new version proves no write at all. */
  needsVersion(output: OutputFacts): boolean;
  /** The version facet is the current snapshot at the moment the listener looked, not the one that was read. */
  believesInputFacet(selector: string, timeTravel: boolean): boolean;
  /** A self-overwriting job's COMPLETE states the new version as its input. */
  believesLateInput(alsoOutput: boolean): boolean;
  /** What the reader asked for by snapshot id, stated in the symlink only. */
  pinnedVersion(selector: string): string | null;
  /** Scan reports tell what was read; their ids are rounded. */
  scanReports(scanned: readonly string[]): readonly string[];
  /** MERGE leaves its source out of the inputs, not out of the column lineage. */
  columnSources(output: OutputFacts): readonly string[];
  /** An append, merge or partition overwrite keeps what the version before held. */
  keepsVersionBefore(run: RunFacts): boolean;
  /** Each run by itself: an application may write a table and then read it. */
  processOf(run: RunFacts): string;
}

const VERSIONED_STORES = new Set(['iceberg', 'delta']);
const KEEPS = /^(append_data|overwrite_partitions|replace_data|write_delta|merge|update|delete)/;

export const EVIDENCE_RULES: EvidenceRules = {
  endsInFailure: (eventType) => eventType === 'FAIL' || eventType === 'ABORT',
  believesOutputVersion: (eventType) => eventType === 'COMPLETE',
  readsNoRows: (mention) => mention.metadata,
  wrote: (claims, runIds) => runIds.has(firstClaim(claims).runId),
  nestsIn: (inner, outer) => inner.beginsAt >= outer.beginsAt && inner.beginsAt <= outer.endsAt,
  needsVersion: (output) => VERSIONED_STORES.has(output.storageLayer ?? ''),
  believesInputFacet: (selector, timeTravel) => selector === '' && !timeTravel,
  believesLateInput: (alsoOutput) => !alsoOutput,
  pinnedVersion: (selector) =>
    selector.startsWith('snapshot:') ? selector.slice('snapshot:'.length) : null,
  scanReports: (scanned) => scanned,
  columnSources: (output) => output.columnSources,
  keepsVersionBefore: (run) => KEEPS.test(operation(run)),
  processOf: (run) => run.runId,
};

/** The first to state a version, by the producer's clock; the ledger's order settles ties. */
export function firstClaim(claims: readonly Claim[]): Claim {
  return claims.reduce((first, claim) => (compareClaims(claim, first) < 0 ? claim : first));
}

export function compareClaims(a: Claim, b: Claim): number {
  if (a.claimedAt !== b.claimedAt) return a.claimedAt - b.claimedAt;
  if (a.sequence !== b.sequence) return a.sequence < b.sequence ? -1 : 1;
  return a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0;
}
