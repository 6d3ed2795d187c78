import { AppError } from '@countersign/kernel';
import { LedgerQueries } from '@countersign/ledger';
import { RegistryQueries } from '@countersign/registry';
import { Injectable } from '@nestjs/common';
import type { Entry } from '../ledger/ledger.types.js';
import { toEntry } from '../ledger/to-entry.js';
import type { Edge } from '../runtime/caller.js';
import type { Alias, ModelVersion, Placement, RegisteredModel, Tag } from './registry.types.js';
import { toModel, toPlacement, toTag, toVersion } from './to-registry.js';

const byId = (id: string): string => id;

/** Reads behind the child edges of models, versions and placements, many at once. */
@Injectable()
export class RegistryEdges {
  constructor(
    private readonly registry: RegistryQueries,
    private readonly ledger: LedgerQueries,
  ) {}

  readonly model: Edge<string, RegisteredModel> = {
    name: 'registry.model',
    key: byId,
    load: async (tx, ids) => {
      const models = await this.registry.modelsByIds(tx, ids);
      return ids.map((id) => toModel(present(models.get(id), 'model')));
    },
  };

  readonly version: Edge<string, ModelVersion> = {
    name: 'registry.version',
    key: byId,
    load: async (tx, ids) => {
      const versions = await this.registry.versionsByIds(tx, ids);
      return ids.map((id) => toVersion(present(versions.get(id), 'model version')));
    },
  };

  /** Of models and of versions alike: their ids never meet. */
  readonly tags: Edge<string, Tag[]> = {
    name: 'registry.tags',
    key: byId,
    load: async (tx, ids) => {
      const tags = await this.registry.tagsOf(tx, ids);
      return ids.map((id) => (tags.get(id) ?? []).map(toTag));
    },
  };

  readonly aliasesOfModel: Edge<string, Alias[]> = {
    name: 'registry.aliasesOfModel',
    key: byId,
    load: async (tx, ids) => {
      const aliases = await this.registry.aliasesOf(tx, ids);
      return ids.map((id) =>
        (aliases.get(id) ?? []).map(({ name, version }) => ({ name, version })),
      );
    },
  };

  readonly aliasesOfVersion: Edge<string, string[]> = {
    name: 'registry.aliasesOfVersion',
    key: byId,
    load: async (tx, ids) => {
      const aliases = await this.registry.aliasesOfVersions(tx, ids);
      return ids.map((id) => (aliases.get(id) ?? []).map((alias) => alias.name));
    },
  };

  readonly placements: Edge<string, Placement[]> = {
    name: 'registry.placements',
    key: byId,
    load: async (tx, ids) => {
      const placements = await this.registry.placementsOf(tx, ids);
      return ids.map((id) => (placements.get(id) ?? []).map(toPlacement));
    },
  };

  readonly entry: Edge<bigint, Entry> = {
    name: 'ledger.entry',
    key: (sequence) => sequence.toString(),
    load: async (tx, sequences) => {
      const records = await this.ledger.entriesBySequence(tx, sequences);
      const bySequence = new Map(records.map((record) => [record.sequence, record]));
      return sequences.map((sequence) => toEntry(present(bySequence.get(sequence), 'entry')));
    },
  };
}

/** A projection points only at what exists: anything else is a fault of ours. */
function present<Row>(row: Row | undefined, what: string): Row {
  if (row !== undefined) return row;
  throw new AppError('INTERNAL', {
    publicMessage: `A ${what} that something points at is missing.`,
  });
}
