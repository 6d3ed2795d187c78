import type { SqlTx } from '@countersign/database';
import { isAppError } from '@countersign/kernel';
import type { LedgerQueries } from '@countersign/ledger';
import type { LineageQueries } from '@countersign/lineage';
import type { ModelVersionRecord, PlacementRecord, RegistryQueries } from '@countersign/registry';
import type { Pin } from './domain/pin.js';

/** A version that holds a target. */
export interface Holding {
  readonly version: string;
  readonly placement: PlacementRecord;
}

/** Reads, in the caller's transaction, the facts that a pin holds. */
export class PinReader {
  constructor(
    private readonly registry: RegistryQueries,
    private readonly lineage: LineageQueries,
    private readonly ledger: LedgerQueries,
  ) {}

  /** Null when there is no such live version, or when the name alone is ambiguous. */
  async find(
    tx: SqlTx,
    ref: { model: string; version: string; source?: string | null | undefined },
  ): Promise<ModelVersionRecord | null> {
    const record = await this.registry
      .version(tx, ref.model, ref.version, ref.source ?? null)
      .catch((error: unknown) => {
        // Several sources hold the name: the request has to say which.
        if (isAppError(error, 'BAD_REQUEST')) return null;
        throw error;
      });
    return record?.kind === 'model' && record.deletedAt === null ? record : null;
  }

  /** Who registered a version, when its registry said so. */
  async registrant(tx: SqlTx, record: ModelVersionRecord): Promise<string | null> {
    const first = await this.ledger.entry(tx, record.firstSequence);
    const said = first?.type === 'model_version.created' && first.actor.id !== 'unknown';
    return said ? first.actor.id : null;
  }

  /** The pin as the facts stand now. */
  async pin(
    tx: SqlTx,
    record: ModelVersionRecord,
    target: string,
    policyVersion: string,
  ): Promise<Pin> {
    const ref = { source: record.source, model: record.modelName, version: record.version };
    const manifest = await this.lineage.manifest(tx, ref);
    return {
      source: record.source,
      model: record.modelName,
      version: record.version,
      modelVersionId: record.id,
      incarnation: record.incarnation,
      runId: record.runId,
      sourceUri: record.sourceUri,
      artifactDigest: record.artifactDigest,
      lineageDigest: manifest.digest,
      target,
      expectedHolders: await this.holders(tx, {
        source: record.source,
        model: record.modelName,
        target,
      }),
      policyVersion,
    };
  }

  /** Versions that hold the target, in text order: now, or as known after an entry. */
  async holders(
    tx: SqlTx,
    at: { source: string; model: string; target: string; knownAtSequence?: bigint },
  ): Promise<string[]> {
    return (await this.holdings(tx, at)).map((holding) => holding.version);
  }

  /** The same with when and by whom each was put there. */
  async holdings(
    tx: SqlTx,
    at: { source: string; model: string; target: string; knownAtSequence?: bigint },
  ): Promise<Holding[]> {
    const placements = await this.registry.placements(tx, at);
    const held = placements.filter((placement) => placement.to === null);
    const versions = await this.registry.versionsByIds(
      tx,
      held.map((placement) => placement.versionId),
    );
    return held
      .flatMap((placement) => {
        const version = versions.get(placement.versionId)?.version;
        return version === undefined ? [] : [{ version, placement }];
      })
      .sort((a, b) => (a.version < b.version ? -1 : 1));
  }
}
