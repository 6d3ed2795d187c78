import type { SqlTx } from '@countersign/database';
import type { Source, SourceService, TopicBinding } from '@countersign/ingest';
import { AppError, type TenantId } from '@countersign/kernel';

/** One topic of KAFKA_TOPICS; the shape of libs/config's KafkaTopic. */
export interface WantedTopic {
  readonly topic: string;
  readonly source: { readonly tenantSlug: string; readonly name: string } | null;
}

export interface TopicBindingsOptions {
  readonly topics: readonly WantedTopic[];
  readonly tenants: readonly { readonly id: TenantId; readonly slug: string }[];
  readonly sources: Pick<SourceService, 'byName' | 'byTopic'>;
  readonly read: <Result>(
    tenantId: TenantId,
    work: (tx: SqlTx) => Promise<Result>,
  ) => Promise<Result>;
}

/**
 * Whose each topic is. A topic that names its source belongs to that one; else to the one source, of any tenant, that
 * was created with it. Throws BAD_REQUEST with a sentence for the operator when that is nobody or more than one.
 */
export async function bindTopics(options: TopicBindingsOptions): Promise<TopicBinding[]> {
  const bindings: TopicBinding[] = [];
  for (const wanted of options.topics) {
    const candidates = await candidatesOf(wanted, options);
    const [source, another] = candidates;
    if (source === undefined || another !== undefined) throw unclear(wanted, candidates.length);
    bindings.push({ topic: wanted.topic, tenantId: source.tenantId, sourceId: source.id });
  }
  return bindings;
}

async function candidatesOf(wanted: WantedTopic, options: TopicBindingsOptions): Promise<Source[]> {
  const { read, sources, tenants } = options;
  const found: Source[] = [];
  for (const tenant of tenants) {
    const { source, topic } = wanted;
    if (source === null) {
      const byTopic = await read(tenant.id, (tx) => sources.byTopic(tx, topic));
      if (byTopic !== null) found.push(byTopic);
    } else if (source.tenantSlug === tenant.slug) {
      const named = await read(tenant.id, (tx) => sources.byName(tx, source.name));
      const readable = named.filter(({ kind }) => kind !== 'OPENLINEAGE');
      const withTopic = readable.filter((candidate) => candidate.topic === topic);
      found.push(...(readable.length > 1 ? withTopic : readable));
    }
  }
  return found;
}

function unclear(wanted: WantedTopic, count: number): AppError {
  const { source, topic } = wanted;
  const whose =
    source === null ? 'with that topic' : `named ${source.name} of tenant ${source.tenantSlug}`;
  return new AppError('BAD_REQUEST', {
    publicMessage: `KAFKA_TOPICS names ${topic}, but there ${count === 0 ? 'is no source' : `are ${count} sources`} ${whose}.`,
    hint:
      count === 0
        ? `Create one: countersign source add orders --kind cloudevents --topic ${topic}`
        : `Say which: KAFKA_TOPICS=${topic}=<tenant>/<source>`,
  });
}
