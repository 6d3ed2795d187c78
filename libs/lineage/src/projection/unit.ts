/**
 * A part of the graph whose edges are derived together, and whose edges nobody else derives: one write, the reads
 * of one run, the inputs of one training run, the origin of one model version.
 */
export type Unit =
  | { readonly kind: 'write'; readonly dataset: string; readonly runId: string }
  | { readonly kind: 'read'; readonly runId: string }
  | { readonly kind: 'training'; readonly source: string; readonly runId: string }
  | {
      readonly kind: 'model-version';
      readonly source: string;
      readonly model: string;
      readonly version: string;
    };

/** The key under which a unit's edges and interests are kept. */
export function unitKey(unit: Unit): string {
  switch (unit.kind) {
    case 'write':
      return JSON.stringify([unit.kind, unit.runId, unit.dataset]);
    case 'read':
      return JSON.stringify([unit.kind, unit.runId]);
    case 'training':
      return JSON.stringify([unit.kind, unit.source, unit.runId]);
    case 'model-version':
      return JSON.stringify([unit.kind, unit.source, unit.model, unit.version]);
  }
}

/** The unit of a key that unitKey made. */
export function unitOfKey(key: string): Unit {
  const [kind, first = '', second = '', third = ''] = JSON.parse(key) as string[];
  switch (kind) {
    case 'write':
      return { kind, runId: first, dataset: second };
    case 'read':
      return { kind, runId: first };
    case 'training':
      return { kind, source: first, runId: second };
    default:
      return { kind: 'model-version', source: first, model: second, version: third };
  }
}
