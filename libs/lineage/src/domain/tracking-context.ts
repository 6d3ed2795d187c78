import type { TrackedInput } from './tracking-run.js';
import type { BindingQuality } from './vocabulary.js';

/** One dataset version that a lineage run read into memory. */
export interface DatasetReads {
  readonly dataset: string;
  readonly version: string | null;
  readonly binding: BindingQuality;
  /** The application that read it: reads of one application belong to one training session. */
  readonly application: string;
}

/** What is known outside of the tracking server about the data of one of its runs. */
export interface TrackingContext {
  /** Datasets that carry a table name, as URNs. */
  readonly datasetsOf: (alias: string) => readonly string[];
  readonly isKnown: (nodeUrn: string) => boolean;
  /** Reads of lineage runs that carry this run's id: joined by fact. */
  readonly joined: readonly DatasetReads[];
  /** Reads inside this run's time by lineage runs that carry no other run's id: joined by guess. */
  readonly nearby: readonly DatasetReads[];
}

/** A dataset input together with the dataset of the graph that it means, if that is clear. */
export interface MatchedInput {
  readonly input: TrackedInput;
  readonly dataset: string | null;
}
