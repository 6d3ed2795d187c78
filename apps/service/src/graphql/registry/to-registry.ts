import type {
  ModelVersionRecord,
  PlacementRecord,
  RegisteredModelRecord,
  TagRecord,
} from '@countersign/registry';
import type { ModelVersion, Placement, RegisteredModel, Tag } from './registry.types.js';

export function toModel(record: RegisteredModelRecord): RegisteredModel {
  return {
    id: record.id,
    name: record.name,
    source: record.source,
    incarnation: record.incarnation,
    description: record.description,
    deletedAt: record.deletedAt?.latest ?? null,
  };
}

export function toVersion(record: ModelVersionRecord): ModelVersion {
  return {
    id: record.id,
    version: record.version,
    stage: record.stage,
    runId: record.runId,
    sourceUri: record.sourceUri,
    artifactDigest: record.artifactDigest,
    createdAt: record.createdAt,
    deletedAt: record.deletedAt?.latest ?? null,
    modelId: record.modelId,
    modelName: record.modelName,
    source: record.source,
  };
}

export function toPlacement(record: PlacementRecord): Placement {
  return {
    target: record.target,
    from: record.from,
    to: record.to,
    placedBy: record.placedBy,
    basis: record.basis,
    modelVersionId: record.versionId,
    sequence: record.entrySequence,
  };
}

export function toTag(record: TagRecord): Tag {
  return { key: record.key, value: record.value ?? '' };
}
