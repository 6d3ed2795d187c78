import { randomBytes, randomUUID } from 'node:crypto';
import type { Database, SqlTx } from '@countersign/database';
import { subjects, type ActorRef, type EntryDraft } from '@countersign/events';
import { actorOf, type Principal } from '@countersign/identity';
import { AppError, isUuid, type Clock, type TenantId } from '@countersign/kernel';
import type { LedgerService } from '@countersign/ledger';
import {
  formatOf,
  parseCreateSource,
  type CreateSourceInput,
  type NewSource,
} from './create-source-input.js';
import { SourceActivity } from './source-activity.js';
import { selectSources, SourceDirectory } from './source-directory.js';
import type { ReadableKind, ResolvedSource, Source } from './source.js';

export interface SourceServiceOptions {
  readonly database: Database;
  readonly ledger: LedgerService;
  readonly clock: Clock;
  /** See SourceDirectoryOptions. */
  readonly cacheTtlMs?: number;
}

export interface CreatedSource {
  readonly source: Source;
  /** Shown this once. Null for kinds whose senders show a token. */
  readonly secret: string | null;
}

/** How long a replaced secret still counts: MLflow may sign with it for a minute, a deployment for longer. */
export const SECRET_OVERLAP_SECONDS = 86_400;

/**
 * A tenant's sources. Callers decide whether the principal may (`source.manage`); this records what was done.
 */
export class SourceService {
  readonly activity: SourceActivity;
  readonly #database: Database;
  readonly #ledger: LedgerService;
  readonly #clock: Clock;
  readonly #directory: SourceDirectory;
  readonly #ensured = new Map<string, Source>();

  constructor(options: SourceServiceOptions) {
    this.#database = options.database;
    this.#ledger = options.ledger;
    this.#clock = options.clock;
    this.#directory = new SourceDirectory(options);
    this.activity = new SourceActivity(options.database, options.clock);
  }

  /** Makes a source. Throws BAD_REQUEST, NOT_SUPPORTED, or CONFLICT for a name or topic that is taken. */
  async create(principal: Principal, input: CreateSourceInput): Promise<CreatedSource> {
    const wanted = parseCreateSource(input);
    const secret =
      wanted.kind === 'MLFLOW' ? (wanted.secret ?? randomBytes(32).toString('base64url')) : null;
    const source = this.#newSource(principal.tenantId, wanted);
    const made = await this.#database.sqlTransaction(principal.tenantId, async (tx) => {
      if (!(await this.#insert(tx, source, actorOf(principal), secret))) return false;
      return true;
    });
    if (!made) {
      throw new AppError('CONFLICT', {
        publicMessage: `There is a source of kind ${source.kind} named ${source.name}, or one with that topic, already.`,
        hint: 'Choose another name, or rotate the secret of the existing source.',
      });
    }
    return { source, secret };
  }

  /** The tenant's source of that kind and name, made on first use. */
  async ensure(principal: Principal, kind: ReadableKind, name: string): Promise<Source> {
    const key = `${principal.tenantId} ${kind} ${name}`;
    const known = this.#ensured.get(key);
    if (known !== undefined) return known;
    const { tenantId } = principal;
    const source = await this.#database.sqlTransaction(tenantId, async (tx) => {
      const [existing] = await selectSources(tx, 'AND kind = $2 AND name = $3', [kind, name]);
      if (existing !== undefined) return existing;
      const made = this.#newSource(tenantId, {
        kind,
        name,
        baseUrl: null,
        topic: null,
        format: null,
      });
      if (await this.#insert(tx, made, actorOf(principal), null)) return made;
      const [other] = await selectSources(tx, 'AND kind = $2 AND name = $3', [kind, name]);
      if (other === undefined) throw new RangeError('a source that conflicts cannot be absent');
      return other;
    });
    // Two kinds with a closed list of names per tenant: small, but bounded all the same.
    if (this.#ensured.size >= 10_000) this.#ensured.clear();
    this.#ensured.set(key, source);
    return source;
  }

  /** All sources of tx's tenant, by kind and name. */
  async list(tx: SqlTx): Promise<Source[]> {
    return selectSources(tx);
  }

  /** One source of tx's tenant; null for another tenant's. */
  async byId(tx: SqlTx, id: string): Promise<Source | null> {
    if (!isUuid(id)) return null;
    const [source] = await selectSources(tx, 'AND id = $2::uuid', [id]);
    return source ?? null;
  }

  /** The source of tx's tenant that reads a topic. */
  async byTopic(tx: SqlTx, topic: string): Promise<Source | null> {
    const [source] = await selectSources(tx, 'AND topic = $2', [topic]);
    return source ?? null;
  }

  /** Sources of tx's tenant with that name, one per kind at most. */
  async byName(tx: SqlTx, name: string): Promise<Source[]> {
    return selectSources(tx, 'AND name = $2', [name]);
  }

  /** See SourceDirectory.resolve. */
  async resolve(sourceId: string): Promise<ResolvedSource | null> {
    return this.#directory.resolve(sourceId);
  }

  /**
   * Adds a new secret. Those before it count for `overlapSeconds` more (default a day), so that the webhook can be
   * changed meanwhile. Throws NOT_FOUND, BAD_REQUEST.
   */
  async rotateSecret(
    principal: Principal,
    sourceId: string,
    options: { readonly secret?: string | null; readonly overlapSeconds?: number } = {},
  ): Promise<CreatedSource> {
    const rotated = await this.#database.sqlTransaction(principal.tenantId, async (tx) => {
      const source = await this.byId(tx, sourceId);
      if (source === null) {
        throw new AppError('NOT_FOUND', {
          publicMessage: 'There is no such source.',
          hint: 'List the sources of your tenant.',
        });
      }
      const checked = parseCreateSource({
        kind: source.kind,
        name: source.name,
        secret: options.secret,
      });
      if (source.kind !== 'MLFLOW') {
        throw new AppError('BAD_REQUEST', {
          publicMessage: `A source of kind ${source.kind} has no secret.`,
        });
      }
      const secret = checked.secret ?? randomBytes(32).toString('base64url');
      const now = this.#clock.now();
      const until = new Date(
        now.getTime() + (options.overlapSeconds ?? SECRET_OVERLAP_SECONDS) * 1000,
      );
      await tx.query(
        `UPDATE source_secret SET retired_at = $3::timestamptz
         WHERE tenant_id = $1::uuid AND source_id = $2::uuid AND (retired_at IS NULL OR retired_at > $3::timestamptz)`,
        [tx.tenantId, sourceId, until],
      );
      const secretId = await this.#insertSecret(tx, sourceId, secret, now);
      await this.#ledger.appendInTx(tx, [
        {
          ...this.#ownDraft(sourceId, actorOf(principal), now),
          type: 'source.secret_rotated',
          delivery: `source.secret_rotated:${secretId}`,
          data: { sourceId },
        },
      ]);
      return { source, secret };
    });
    this.#directory.forget(sourceId);
    return rotated;
  }

  /** Waits for notes that are being written. */
  async close(): Promise<void> {
    await this.activity.close();
  }

  /** False when the name or topic is taken. */
  async #insert(
    tx: SqlTx,
    source: Source,
    actor: ActorRef,
    secret: string | null,
  ): Promise<boolean> {
    const inserted = await tx.query(
      `INSERT INTO source (tenant_id, id, kind, name, base_url, topic, format, created_at)
       VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6, $7, $8::timestamptz) ON CONFLICT DO NOTHING RETURNING id`,
      [
        tx.tenantId,
        source.id,
        source.kind,
        source.name,
        source.baseUrl,
        source.topic,
        source.format,
        source.createdAt,
      ],
    );
    if (inserted.length === 0) return false;
    await tx.query('INSERT INTO source_route (source_id, tenant_id) VALUES ($1::uuid, $2::uuid)', [
      source.id,
      tx.tenantId,
    ]);
    if (secret !== null) await this.#insertSecret(tx, source.id, secret, source.createdAt);
    const { baseUrl, id, kind, name, topic } = source;
    await this.#ledger.appendInTx(tx, [
      {
        ...this.#ownDraft(id, actor, source.createdAt),
        type: 'source.created',
        delivery: `source.created:${id}`,
        data: { sourceId: id, kind, name, baseUrl, topic },
      },
    ]);
    return true;
  }

  async #insertSecret(tx: SqlTx, sourceId: string, secret: string, now: Date): Promise<string> {
    const id = randomUUID();
    await tx.query(
      `INSERT INTO source_secret (tenant_id, source_id, id, secret, created_at)
       VALUES ($1::uuid, $2::uuid, $3::uuid, $4::bytea, $5::timestamptz)`,
      [tx.tenantId, sourceId, id, Buffer.from(secret, 'utf8'), now],
    );
    return id;
  }

  #ownDraft(
    sourceId: string,
    actor: ActorRef,
    occurredAt: Date,
  ): Pick<EntryDraft, 'source' | 'subject' | 'actor' | 'basis' | 'occurredAt'> {
    return {
      source: 'countersign',
      subject: subjects.source(sourceId),
      actor,
      basis: 'authenticated',
      occurredAt,
    };
  }

  #newSource(tenantId: TenantId, wanted: Omit<NewSource, 'secret'>): Source {
    const { baseUrl, kind, name, topic } = wanted;
    return {
      tenantId,
      id: randomUUID(),
      kind,
      name,
      baseUrl,
      topic,
      format: formatOf(wanted),
      createdAt: this.#clock.now(),
      lastDeliveryAt: null,
    };
  }
}
