import { parseRunEvent, type DatasetMention } from '../domain/run-event.js';
import type { ClaimedEdge } from './spark-truth.js';
import type { Session } from './sessions.js';

/**
 * What a consumer does that trusts its producer: unites the inputs and outputs of all events of a run, with the
 * versions that their facets state, and draws inputs times outputs.
 */
export function naiveUnion(session: Session): ClaimedEdge[] {
  const runs = new Map<string, { inputs: Set<string>; outputs: Set<string> }>();
  for (const draft of session.drafts) {
    const event = draft.evidence === undefined ? null : parseRunEvent(draft.evidence.bytes);
    if (event === null) continue;
    const run = runs.get(event.runId) ?? { inputs: new Set<string>(), outputs: new Set<string>() };
    for (const input of event.inputs) run.inputs.add(stated(input));
    for (const output of event.outputs) run.outputs.add(stated(output));
    runs.set(event.runId, run);
  }
  const claims = new Set<string>();
  for (const { inputs, outputs } of runs.values()) {
    const [reads, writes] = [withoutNames(inputs), withoutNames(outputs)];
    for (const from of reads) for (const to of writes) claims.add(JSON.stringify([from, to]));
  }
  return [...claims].map((claim) => {
    const [from = '', to = ''] = JSON.parse(claim) as string[];
    return { from: parse(from), to: parse(to) };
  });
}

function stated(mention: DatasetMention): string {
  return JSON.stringify([mention.dataset.name, mention.version]);
}

/** A run that states a version of a dataset somewhere is not taken to mean the bare dataset elsewhere. */
function withoutNames(stated: ReadonlySet<string>): string[] {
  const versioned = new Set([...stated].map(parse).flatMap((s) => (s.version ? [s.name] : [])));
  return [...stated].filter((s) => parse(s).version !== null || !versioned.has(parse(s).name));
}

function parse(text: string): { name: string; version: string | null } {
  const [name, version] = JSON.parse(text) as [string, string | null];
  return { name, version };
}
