import type { PairResult } from './pairs.js';

export interface ReportLine {
  readonly what: string;
  readonly unit: string;
  readonly goal: number;
  readonly result: PairResult;
}

/** Prints one line per comparison, with its goal. A missed goal is said and does not fail the run: machines differ. */
export function printReport(title: string, lines: readonly ReportLine[]): void {
  const rows = lines.map(({ goal, result, unit, what }) => [
    what,
    `${thousands(result.subject)} ${unit}`,
    `${thousands(result.baseline)} ${unit}`,
    result.ratio.toFixed(2),
    `>= ${goal.toFixed(2)}`,
    result.ratio >= goal ? 'met' : 'missed',
    result.ratios.map((ratio) => ratio.toFixed(2)).join(' '),
  ]);
  const head = ['', 'measured', 'baseline', 'ratio', 'goal', '', 'pairs'];
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]?.length ?? 0)));
  const print = (row: readonly string[]): void => {
    process.stdout.write(
      `${row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
  };
  process.stdout.write(`\n${title}\n`);
  print(head);
  for (const row of rows) print(row);
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
