import type { Database } from '@countersign/database';
import { entrySource, type SourceService } from '@countersign/ingest';
import type { TenantId } from '@countersign/kernel';
import type { RegistryChange, RegistryWriter, RegistryWriteResult } from '@countersign/promotion';

/** What a registry's client must be able to do. MlflowRest of libs/ingest can. */
export interface RegistryClient {
  setAlias(model: string, alias: string, version: string): Promise<ClientResult>;
  transitionStage(model: string, version: string, stage: string): Promise<ClientResult>;
}

export type ClientResult = { readonly ok: true } | { readonly ok: false; readonly detail: string };

/** Performs approved changes on MLflow's REST interface, where the source has an address. */
export class MlflowWriter implements RegistryWriter {
  constructor(
    private readonly database: Database,
    private readonly sources: SourceService,
    private readonly clientOf: (baseUrl: string) => RegistryClient,
  ) {}

  async apply(change: RegistryChange): Promise<RegistryWriteResult> {
    const baseUrl = await this.#addressOf(change.tenantId, change.source);
    if (baseUrl === null) return { outcome: 'not_connected' };
    const result = await put(this.clientOf(baseUrl), change);
    return result.ok ? { outcome: 'applied' } : { outcome: 'failed', detail: result.detail };
  }

  /** Of the source that the model came from; null when it is no registry that can be written to. */
  async #addressOf(tenantId: TenantId, source: string): Promise<string | null> {
    const all = await this.database.read(tenantId, (tx) => this.sources.list(tx));
    const found = all.find((candidate) => entrySource(candidate) === source);
    return found?.kind === 'MLFLOW' ? found.baseUrl : null;
  }
}

function put(client: RegistryClient, change: RegistryChange): Promise<ClientResult> {
  const { model, target, version } = change;
  const name = target.slice(target.indexOf(':') + 1);
  return target.startsWith('alias:')
    ? client.setAlias(model, name, version)
    : client.transitionStage(model, version, name);
}
