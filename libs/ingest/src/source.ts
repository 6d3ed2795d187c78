import type { TenantId } from '@countersign/kernel';

/** What a source can be. The adapters of DATABRICKS and CLOUDERA_ATLAS do not exist yet. */
export const SOURCE_KINDS = [
  'MLFLOW',
  'DATABRICKS',
  'CLOUDERA_ATLAS',
  'CLOUDEVENTS',
  'OPENLINEAGE',
] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** Kinds whose deliveries can be read. */
export const READABLE_KINDS = ['MLFLOW', 'CLOUDEVENTS', 'OPENLINEAGE'] as const;
export type ReadableKind = (typeof READABLE_KINDS)[number];

/** How the messages of a source's Kafka topic look. */
export const TOPIC_FORMATS = ['MLFLOW', 'CLOUDEVENTS'] as const;
export type TopicFormat = (typeof TOPIC_FORMATS)[number];

/** A configured connection of one tenant. Holds no secret. */
export interface Source {
  readonly tenantId: TenantId;
  readonly id: string;
  readonly kind: SourceKind;
  /** Lower-case kebab, unique per tenant and kind. */
  readonly name: string;
  /** Root of the registry's REST interface; null: it cannot be asked. */
  readonly baseUrl: string | null;
  readonly topic: string | null;
  /** Of the topic's messages; null without a topic. */
  readonly format: TopicFormat | null;
  readonly createdAt: Date;
  readonly lastDeliveryAt: Date | null;
}

/** A key that signs a source's deliveries. Never logged, never answered. */
export interface SourceSecret {
  readonly key: Uint8Array;
  /** From then on it no longer counts; null: live. */
  readonly retiredAt: Date | null;
}

/** What a delivery needs to be judged. */
export interface ResolvedSource {
  readonly source: Source;
  readonly secrets: readonly SourceSecret[];
}

/** `entry.source`: `mlflow/demo`. */
export function entrySource(source: Pick<Source, 'kind' | 'name'>): string {
  return `${source.kind.toLowerCase().replaceAll('_', '-')}/${source.name}`;
}

/** True for a kind that has an adapter. */
export function isReadableKind(kind: SourceKind): kind is ReadableKind {
  return (READABLE_KINDS as readonly string[]).includes(kind);
}
