import type { LineageNodeRecord } from '../reads/records.js';
import { jsonOf } from './sessions.js';

interface Part {
  readonly nodes: readonly { readonly key: string }[];
  readonly edges?: readonly {
    readonly from: string;
    readonly to: string;
    readonly role?: string;
  }[];
  readonly mustNotContain: readonly string[];
  readonly trainingOnly?: readonly string[];
  readonly evaluationOnly?: readonly string[];
}

interface Expected {
  readonly datasets: Readonly<Record<string, { readonly name: string }>>;
  readonly datasetVersions: Readonly<
    Record<
      string,
      { readonly dataset: string; readonly version: string; readonly inputs: readonly string[] }
    >
  >;
  readonly modelVersions: Readonly<
    Record<
      string,
      {
        readonly run: string;
        readonly training: readonly string[];
        readonly evaluation: readonly string[];
      }
    >
  >;
  readonly files: Readonly<Record<string, { readonly name: string }>>;
  readonly runs: Readonly<Record<string, { readonly mlflowRunId: string }>>;
  readonly lineage: {
    readonly upstreamOfVersion1: Part;
    readonly upstreamOfVersion2: Part;
    readonly downstreamOfCcTrxSnapshot1: Part;
    readonly leak: {
      readonly notLeaking: readonly string[];
      readonly leaking: {
        readonly '3': {
          readonly evaluation: string;
          readonly training: string;
          readonly path: readonly string[];
        };
      };
    };
  };
}

/** The ground truth of the card-fraud session. */
export const expectedCardFraud = jsonOf<Expected>('card-fraud-session', 'expected.json');

const keys = new Map<string, string>();
for (const [key, { dataset, version }] of Object.entries(expectedCardFraud.datasetVersions)) {
  keys.set(`${expectedCardFraud.datasets[dataset]?.name ?? ''} ${version}`, key);
}
for (const [key, { name }] of Object.entries(expectedCardFraud.files)) keys.set(`${name} `, key);
for (const [key, { name }] of Object.entries(expectedCardFraud.datasets)) keys.set(`${name} `, key);
for (const [key, { mlflowRunId }] of Object.entries(expectedCardFraud.runs)) {
  keys.set(`${mlflowRunId} `, `run-${key}`);
}

/** `cc_trx@2`, `run-B`, `card-fraud/2`; null for the runs of jobs; any other node by its URN. */
export function cardFraudNames(node: LineageNodeRecord): string | null {
  if (node.kind === 'MODEL_VERSION') return `${node.name}/${node.version ?? ''}`;
  if (node.kind === 'RUN' && node.attributes['trackingRunId'] === undefined) return null;
  return keys.get(`${node.name} ${node.version ?? ''}`) ?? node.urn;
}
