import { factsOf, type ToldEvent } from '../testing/story.js';
import type { DerivedEdge } from './derived.js';
import { datasetUrn, versionUrn } from './node-ref.js';
import { deriveReads, deriveWrite, statedVersions } from './run-edges.js';
import { EVIDENCE_RULES, type EvidenceRules } from './rules.js';
import { outputRow, writeUnits } from './write-units.js';

const OUT = '/lake/out';
const IN = '/lake/in';
const iceberg = { layer: 'iceberg' } as const;
const out = (version?: string) => ({
  name: OUT,
  ...iceberg,
  ...(version === undefined ? {} : { version }),
});

/** Edges of a story as `in@1 -> out@2`, with process nodes left out. */
function edgesOf(
  story: readonly ToldEvent[],
  broken: Partial<EvidenceRules> = {},
  context: { known?: readonly string[]; before?: string } = {},
): string[] {
  const rules = { ...EVIDENCE_RULES, ...broken };
  const runs = factsOf(story, rules);
  const units = writeUnits(runs.filter((run) => run.outputs.length > 0).map(outputRow), rules);
  const dataset = datasetUrn({ namespace: 'file', name: OUT });
  return units.flatMap(({ members }) => {
    const write = {
      dataset,
      members: members.flatMap((id) => runs.find((run) => run.runId === id) ?? []),
    };
    const { edges } = deriveWrite(
      write,
      {
        wrote: (version) => statedVersions(write).includes(version),
        versionBefore: () => context.before ?? null,
        contested: () => false,
        lookup: ({ rounded }) =>
          (context.known ?? []).filter((version) => Number(version) === Number(rounded)),
      },
      rules,
    );
    return contracted(edges);
  });
}

function contracted(edges: readonly DerivedEdge[]): string[] {
  const wrote = edges.filter((edge) => edge.kind === 'WROTE');
  return wrote
    .flatMap(({ src, dst }) =>
      edges
        .filter((e) => e.dst === src)
        .map((e) => `${short(e.src)} -> ${short(dst)} ${e.binding}`),
    )
    .sort();
}

function short(urn: string): string {
  return decodeURIComponent(urn).replace(/^dataset\/file\/\/lake\//, '');
}

describe('what a write proves', () => {
  it('holds failure for final: COMPLETE may follow FAIL', () => {
    const story: ToldEvent[] = [
      { type: 'START', inputs: [{ name: IN }] },
      { type: 'FAIL', at: 1, outputs: [{ name: OUT }] },
      { type: 'COMPLETE', at: 2, inputs: [{ name: IN }], outputs: [{ name: OUT }] },
    ];
    expect(edgesOf(story)).toEqual([]);
    expect(edgesOf(story, { endsInFailure: () => false })).toEqual(['in -> out UNKNOWN']);
  });

  it('takes an output version from COMPLETE only: a MERGE states the one before on START', () => {
    const story: ToldEvent[] = [
      { type: 'START', inputs: [{ name: IN }], outputs: [out('1')] },
      { type: 'COMPLETE', at: 2, inputs: [{ name: IN }], outputs: [out('2')] },
    ];
    expect(edgesOf(story)).toEqual(['in -> out@2 UNKNOWN']);
    expect(edgesOf(story, { believesOutputVersion: () => true })).toContain('in -> out@1 UNKNOWN');
  });

  it('holds a versioned store without a version for no write', () => {
    const story: ToldEvent[] = [{ type: 'COMPLETE', inputs: [{ name: IN }], outputs: [out()] }];
    expect(edgesOf(story)).toEqual([]);
    expect(edgesOf(story, { needsVersion: () => false })).toEqual(['in -> out UNKNOWN']);
  });

  it('unites the two runs of CREATE TABLE AS SELECT: one has the version, the other the read', () => {
    const story: ToldEvent[] = [
      {
        type: 'START',
        run: 'outer',
        job: 'atomic_replace_table_as_select.out',
        inputs: [{ name: IN, version: '9007199254740993' }],
      },
      { type: 'START', at: 1, run: 'inner', inputs: [{ name: IN }], outputs: [out()] },
      {
        type: 'COMPLETE',
        at: 2,
        run: 'inner',
        inputs: [{ name: IN, scanned: 8e18 }],
        outputs: [out()],
      },
      {
        type: 'COMPLETE',
        at: 3,
        run: 'outer',
        job: 'atomic_replace_table_as_select.out',
        outputs: [out('7')],
      },
    ];
    const known = { known: ['8000000000000000011'] };
    expect(edgesOf(story, {}, known)).toEqual(['in@8000000000000000011 -> out@7 OBSERVED']);
    expect(edgesOf(story, { nestsIn: () => false }, known)).toEqual([
      'in@9007199254740993 -> out@7 DECLARED',
    ]);
  });

  it('adds the datasets of the column lineage: a MERGE leaves its source out of the inputs', () => {
    const story: ToldEvent[] = [
      { type: 'COMPLETE', outputs: [{ ...out('2'), columnsFrom: ['/lake/source.csv'] }] },
    ];
    expect(edgesOf(story)).toEqual(['source.csv -> out@2 UNKNOWN']);
    expect(edgesOf(story, { columnSources: () => [] })).toEqual([]);
  });

  it('continues the version before for an append, and not for the insert of a new table', () => {
    const append: ToldEvent[] = [
      { type: 'COMPLETE', job: 'append_data.lake_out', outputs: [out('2')] },
    ];
    expect(edgesOf(append, {}, { before: '1' })).toEqual(['out@1 -> out@2 INFERRED']);
    const create: ToldEvent[] = [
      { ...append[0], type: 'COMPLETE', run: 'inner', at: 1 },
      {
        type: 'COMPLETE',
        run: 'outer',
        at: 2,
        job: 'create_table_as_select.out',
        outputs: [out('2')],
      },
    ];
    expect(edgesOf(create, {}, { before: '1' })).toEqual([]);
  });

  it('draws no edge from a version to itself when COMPLETE states the new version as input', () => {
    const story: ToldEvent[] = [
      { type: 'START', job: 'replace_data.out', inputs: [{ name: OUT, version: '1' }] },
      {
        type: 'COMPLETE',
        at: 1,
        job: 'replace_data.out',
        inputs: [{ name: OUT, version: '2' }],
        outputs: [out('2')],
      },
    ];
    expect(edgesOf(story)).toEqual(['out@1 -> out@2 DECLARED']);
    const late: ToldEvent[] = [
      {
        type: 'COMPLETE',
        inputs: [{ name: OUT, version: '3' }],
        outputs: [out('2')],
      },
    ];
    expect(edgesOf(late)).toEqual([]);
    expect(edgesOf(late, { believesLateInput: () => true })).toEqual(['out@3 -> out@2 INFERRED']);
  });

  it('does not believe the current version for a statement that reads a past one', () => {
    const story: ToldEvent[] = [
      {
        type: 'START',
        sql: 'SELECT * FROM lake.in VERSION AS OF 1',
        inputs: [{ name: IN, version: '2' }],
      },
      { type: 'COMPLETE', at: 1, outputs: [out('5')] },
    ];
    expect(edgesOf(story)).toEqual(['in -> out@5 UNKNOWN']);
    expect(edgesOf(story, { believesInputFacet: () => true })).toEqual(['in@2 -> out@5 DECLARED']);
  });

  it('takes what was asked for by snapshot id from the symlink', () => {
    const story: ToldEvent[] = [
      {
        type: 'START',
        inputs: [{ name: IN, version: '99', symlink: 'bank.in.snapshot_id_7501316825181590422' }],
      },
      { type: 'COMPLETE', at: 1, outputs: [out('5')] },
    ];
    expect(edgesOf(story)).toEqual(['in@7501316825181590422 -> out@5 OBSERVED']);
    expect(edgesOf(story, { pinnedVersion: () => null })).toEqual(['in -> out@5 UNKNOWN']);
  });

  it('says unknown when a scan report contradicts the facet and no known version explains it', () => {
    const story: ToldEvent[] = [
      {
        type: 'COMPLETE',
        inputs: [{ name: IN, version: '12', scanned: 8.4e18 }],
        outputs: [out('5')],
      },
    ];
    expect(edgesOf(story)).toEqual(['in -> out@5 UNKNOWN']);
    expect(edgesOf(story, { scanReports: () => [] })).toEqual(['in@12 -> out@5 INFERRED']);
  });

  it('lets a streaming job count that never completes', () => {
    const running: ToldEvent = {
      type: 'RUNNING',
      streaming: true,
      inputs: [{ name: IN }],
      outputs: [{ name: OUT }],
    };
    expect(edgesOf([running])).toEqual(['in -> out UNKNOWN']);
    expect(edgesOf([{ ...running, streaming: false }])).toEqual([]);
  });
});

describe('what a run that only reads proves', () => {
  it('is a read when it completed, and nothing when it only started or failed', () => {
    const readsOf = (story: readonly ToldEvent[]): number =>
      factsOf(story).flatMap((run) => deriveReads(run, () => [], EVIDENCE_RULES).edges).length;
    const start: ToldEvent = { type: 'START', inputs: [{ name: IN, version: '1' }] };
    expect(readsOf([start])).toBe(0);
    expect(readsOf([start, { type: 'COMPLETE', at: 1 }])).toBe(1);
    expect(readsOf([start, { type: 'FAIL', at: 1 }, { type: 'COMPLETE', at: 2 }])).toBe(0);
  });

  it('ends at the version that was read', () => {
    const [run] = factsOf([{ type: 'COMPLETE', inputs: [{ name: IN, version: '1' }] }]);
    const [edge] = run === undefined ? [] : deriveReads(run, () => [], EVIDENCE_RULES).edges;
    expect(edge?.src).toBe(versionUrn(datasetUrn({ namespace: 'file', name: IN }), '1'));
  });
});
