import type { Database } from '@countersign/database';
import {
  entrySource,
  type MlflowModelVersion,
  type MlflowRest,
  type MlflowRestResult,
  type MlflowRun,
  type SourceService,
} from '@countersign/ingest';
import type { TenantId } from '@countersign/kernel';
import type {
  ReadableRegistry,
  ReadEvidence,
  ReadResult,
  RegistryReader,
} from '@countersign/registry';

/** Reads MLflow registries back over REST, where the source has an address. */
export class MlflowReader implements RegistryReader {
  constructor(
    private readonly database: Database,
    private readonly sources: SourceService,
    private readonly clientOf: (baseUrl: string) => MlflowRest,
  ) {}

  async open(tenantId: TenantId, source: string): Promise<ReadableRegistry | null> {
    const all = await this.database.read(tenantId, (tx) => this.sources.list(tx));
    const found = all.find((candidate) => entrySource(candidate) === source);
    if (found?.kind !== 'MLFLOW' || found.baseUrl === null) return null;
    const client = this.clientOf(found.baseUrl);
    return {
      sourceId: found.id,
      readVersion: async (name, version) =>
        result(
          await client.getModelVersion(name, version),
          (seen: MlflowModelVersion, evidence) => ({
            ...seen,
            sourceUri: seen.source,
            evidence,
          }),
        ),
      readRun: async (runId) =>
        result(await client.getRun(runId), (seen: MlflowRun, evidence) => ({
          ...seen,
          userName: seen.userId,
          evidence,
        })),
    };
  }
}

function result<Seen, Out>(
  answer: MlflowRestResult<Seen>,
  read: (seen: Seen, evidence: ReadEvidence) => Out,
): ReadResult<Out> {
  if (!answer.ok) return { ok: false, code: answer.code, detail: answer.detail };
  const { bytes, mediaType, value } = answer;
  return { ok: true, value: read(value, { bytes, mediaType }) };
}
