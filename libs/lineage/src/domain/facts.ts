import type { DatasetName } from './node-ref.js';

/** A version as one event stated it, with that event's time in microseconds. */
export interface Statement {
  readonly at: number;
  readonly version: string;
}

/** All that a run's events said about one dataset that it read, per way of asking for it. */
export interface InputFacts {
  /** URN. */
  readonly dataset: string;
  /** '' for the whole table, `snapshot:<id>`, or `other`. */
  readonly selector: string;
  /** Earliest version facet on a START, and on any other event. */
  readonly atStart: Statement | null;
  readonly later: Statement | null;
  readonly scanned: readonly string[];
}

export interface OutputFacts {
  readonly dataset: string;
  readonly storageLayer: string | null;
  /** Versions that believable events stated. */
  readonly stated: readonly Statement[];
  readonly columnSources: readonly string[];
}

/** The union of all events of one OpenLineage run. The order in which they came makes no difference. */
export interface RunFacts {
  readonly runId: string;
  readonly job: DatasetName;
  readonly parentRunId: string | null;
  readonly parentJobName: string | null;
  readonly rootRunId: string | null;
  readonly applicationId: string | null;
  readonly trackingRunId: string | null;
  readonly startedAt: number | null;
  readonly completedAt: number | null;
  readonly failed: boolean;
  readonly streaming: boolean;
  /** A streaming run was seen at work; it may never complete. */
  readonly running: boolean;
  readonly timeTravel: boolean;
  readonly inputs: readonly InputFacts[];
  readonly outputs: readonly OutputFacts[];
}

/** One run that names a dataset as its output, with the time it spans in microseconds. */
export interface OutputRow {
  readonly runId: string;
  readonly asSelect: boolean;
  readonly beginsAt: number;
  readonly endsAt: number;
}
