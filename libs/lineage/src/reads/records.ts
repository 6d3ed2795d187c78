import type { JsonObject } from '@countersign/kernel';
import type {
  BindingQuality,
  Direction,
  EdgeKind,
  EdgeRole,
  LineageKind,
} from '../domain/vocabulary.js';

/** A thing of the graph. */
export interface LineageNodeRecord {
  /** A UUID derived from tenant and URN: the same after a rebuild. */
  readonly id: string;
  readonly kind: LineageKind;
  readonly namespace: string;
  readonly name: string;
  readonly version: string | null;
  readonly urn: string;
  readonly attributes: JsonObject;
  /** The entry that first named it. */
  readonly firstSequence: bigint;
}

/** Data flow from one node to another. */
export interface LineageEdgeRecord {
  readonly from: string;
  readonly to: string;
  readonly kind: EdgeKind;
  readonly role: EdgeRole | null;
  readonly binding: BindingQuality;
  /** The entry since which it is known. */
  readonly sequence: bigint;
}

export interface LineageRequest {
  /** Id of a node of this tenant. NOT_FOUND otherwise. */
  readonly root: string;
  readonly direction: Direction;
  /** Most nodes of an answer, the root included; 1 to 10,000, default 10,000. */
  readonly budget?: number | null | undefined;
  /** The graph as it was known after that entry. Default: as far as the projection is. */
  readonly knownAtSequence?: bigint | null | undefined;
}

/** The part of the graph that is reachable from the root, and whether it is all of it. */
export interface LineageGraphRecord {
  readonly root: string;
  readonly nodes: readonly LineageNodeRecord[];
  /** Between nodes of this answer. */
  readonly edges: readonly LineageEdgeRecord[];
  /** True: the budget ended the walk, so what is missing here may still exist. */
  readonly truncated: boolean;
  readonly knownAtSequence: bigint;
}

/** Which model version; `source` may be left out when only one source knows the model. */
export interface ModelVersionRef {
  readonly source?: string | null | undefined;
  readonly model: string;
  readonly version: string;
}

/** What an approval pins: changes whenever the ancestry of the version does. */
export interface LineageManifest {
  /** `sha256:<hex>` over the sorted lines. */
  readonly digest: string;
  /** Each ends without a line feed; the digest covers them joined with line feeds. */
  readonly lines: readonly string[];
  readonly nodeCount: number;
  readonly edgeCount: number;
  readonly knownAtSequence: bigint;
}

/** Evaluation data of a model version that its training data holds. */
export interface LeakRecord {
  readonly evaluation: LineageNodeRecord;
  readonly training: LineageNodeRecord;
  /** One witness: from the evaluation data through the training data to the model version, runs included. */
  readonly path: readonly LineageNodeRecord[];
  /** `possible`: the evaluation data is known by name only, so that another version may be meant. */
  readonly certainty: 'definite' | 'possible';
}

export interface NodeFilter {
  readonly kind?: LineageKind | null | undefined;
  /** Part of a name or version, in any case. */
  readonly text?: string | null | undefined;
}

/** The data of one role: what the run read, and everything that went into it. */
export interface RoleData {
  readonly direct: readonly LineageNodeRecord[];
  readonly closure: readonly LineageNodeRecord[];
  readonly truncated: boolean;
}
