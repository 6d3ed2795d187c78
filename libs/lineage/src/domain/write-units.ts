import type { OutputRow, RunFacts } from './facts.js';
import { isAsSelect } from './operation.js';
import type { EvidenceRules } from './rules.js';

/** The runs behind one write. The leader gives the write its node. */
export interface WriteUnit {
  readonly leader: string;
  readonly members: readonly string[];
}

/** The end of a run that has not ended. */
export const OPEN_END = Number.MAX_SAFE_INTEGER;

export function outputRow(run: RunFacts): OutputRow {
  const asSelect = isAsSelect(run);
  const fallback = run.completedAt ?? 0;
  return {
    runId: run.runId,
    asSelect,
    beginsAt: run.startedAt ?? (asSelect ? 0 : fallback),
    endsAt: run.completedAt ?? OPEN_END,
  };
}

/**
 * Puts the runs of one application that name one dataset as output into writes: an insert belongs to the AS SELECT
 * statement inside of which it began (the one that ends first, should several contain it); every other run is a
 * write by itself. The insert leads, since the statement names its output only when it completes.
 */
export function writeUnits(rows: readonly OutputRow[], rules: EvidenceRules): WriteUnit[] {
  const outers = rows.filter((row) => row.asSelect).sort((a, b) => byTime(a, b));
  const inside = new Map<string, OutputRow[]>(outers.map((outer) => [outer.runId, []]));
  const units: WriteUnit[] = [];
  for (const row of rows) {
    if (row.asSelect) continue;
    const outer = outers.find((candidate) => rules.nestsIn(row, candidate));
    if (outer === undefined) units.push({ leader: row.runId, members: [row.runId] });
    else inside.get(outer.runId)?.push(row);
  }
  for (const outer of outers) {
    const inner = (inside.get(outer.runId) ?? []).sort(byBegin);
    const members = [...inner.map((row) => row.runId), outer.runId];
    units.push({ leader: members[0] ?? outer.runId, members });
  }
  return units;
}

function byTime(a: OutputRow, b: OutputRow): number {
  return a.endsAt - b.endsAt || b.beginsAt - a.beginsAt || (a.runId < b.runId ? -1 : 1);
}

function byBegin(a: OutputRow, b: OutputRow): number {
  return a.beginsAt - b.beginsAt || (a.runId < b.runId ? -1 : 1);
}
