import type { Json } from '@countersign/chain';
import { type Derived, type DerivedEdge } from './derived.js';
import { textAt } from './json-reading.js';
import {
  modelNode,
  modelVersionNode,
  modelVersionUrn,
  trackingRunNode,
  type NodeRef,
} from './node-ref.js';
import { aliasTopic, loggedModelAlias } from './topics.js';
import { bounded } from './urn.js';

/** A model version as its registry described it. */
export interface ModelVersionFacts {
  readonly source: string;
  readonly model: string;
  readonly version: string;
  /** Null: not said. A webhook often leaves it out. */
  readonly runId: string | null;
  readonly sourceUri: string | null;
}

/** Reads the `data` of model_version.created and model_version.observed. Null without name or version. */
export function readModelVersion(source: string, data: Json): ModelVersionFacts | null {
  const model = textAt(data, 'name');
  const version = textAt(data, 'version');
  if (model === null || version === null) return null;
  const runId = textAt(data, 'runId');
  const sourceUri = textAt(data, 'sourceUri');
  return {
    source,
    model: bounded(model, 300),
    version: bounded(version, 50),
    runId: runId === null ? null : bounded(runId, 150),
    sourceUri: sourceUri === null ? null : bounded(sourceUri, 2000),
  };
}

/**
 * The newer statement; what it leaves out stays as it was said before. Another source means another version under
 * the same number, of a model that was deleted and made again: nothing stays.
 */
export function addStatement(
  before: ModelVersionFacts | null,
  said: ModelVersionFacts,
): ModelVersionFacts {
  if (before === null) return said;
  const again =
    before.sourceUri !== null && said.sourceUri !== null && before.sourceUri !== said.sourceUri;
  if (again) return said;
  return {
    ...said,
    runId: said.runId ?? before.runId,
    sourceUri: said.sourceUri ?? before.sourceUri,
  };
}

/** Training run → model version, and copied version → model version. */
export function deriveModelVersion(
  facts: ModelVersionFacts,
  runOfLoggedModel: (alias: string) => string | null,
): Derived {
  const self = modelVersionNode(facts.source, facts.model, facts.version);
  const nodes: NodeRef[] = [modelNode(facts.source, facts.model), self];
  const edges: DerivedEdge[] = [];
  const uri = facts.sourceUri ?? '';
  const runId = facts.runId ?? /^runs:\/([0-9a-zA-Z]+)(?:\/|$)/.exec(uri)?.[1] ?? null;
  const logged = /^models:\/(m-[^/]+)$/.exec(uri)?.[1];
  const alias = logged === undefined ? null : loggedModelAlias(facts.source, logged);
  let run = alias === null ? null : runOfLoggedModel(alias);
  if (runId !== null) {
    const node = trackingRunNode(facts.source, runId);
    nodes.push(node);
    run = node.urn;
  }
  if (run !== null) {
    const binding = 'DECLARED';
    edges.push({ src: run, dst: self.urn, kind: 'PRODUCED', role: null, binding });
  }
  const copied = /^models:\/(.+)\/(\d+)$/.exec(uri);
  if (copied?.[1] !== undefined && copied[2] !== undefined) {
    const src = modelVersionUrn(facts.source, copied[1], copied[2]);
    if (src !== self.urn) {
      nodes.push(modelVersionNode(facts.source, copied[1], copied[2]));
      edges.push({ src, dst: self.urn, kind: 'DERIVED', role: null, binding: 'DECLARED' });
    }
  }
  return { nodes, edges, waitsFor: alias === null || runId !== null ? [] : [aliasTopic(alias)] };
}
