import type { Database, SqlTx } from '@countersign/database';
import { asTenantId, type TenantId } from '@countersign/kernel';

export interface TenantRecord {
  readonly id: TenantId;
  readonly slug: string;
  readonly displayName: string;
}

interface TenantRow {
  id: string;
  slug: string;
  display_name: string;
}

const TENANT = 'SELECT id, slug, display_name FROM tenant';

/** Reads of tenants and principals. */
export class IdentityQueries {
  constructor(readonly database: Database) {}

  /** Every tenant of the installation, oldest first. For workers, never for an answer to a caller. */
  async tenants(): Promise<TenantRecord[]> {
    const rows = await this.database.global((q) =>
      q.query<TenantRow>(`${TENANT} ORDER BY created_at, id`),
    );
    return rows.map(tenantRecord);
  }

  async tenantBySlug(slug: string): Promise<TenantRecord | null> {
    const rows = await this.database.global((q) =>
      q.query<TenantRow>(`${TENANT} WHERE slug = $1`, [slug]),
    );
    return rows[0] === undefined ? null : tenantRecord(rows[0]);
  }

  async tenantById(id: TenantId): Promise<TenantRecord | null> {
    const rows = await this.database.global((q) =>
      q.query<TenantRow>(`${TENANT} WHERE id = $1::uuid`, [id]),
    );
    return rows[0] === undefined ? null : tenantRecord(rows[0]);
  }

  /** Names of the `user:` and `svc:` ids among `actorIds`; ids that this tenant does not know are left out. */
  async displayNames(tx: SqlTx, actorIds: readonly string[]): Promise<Map<string, string>> {
    const asked = actorIds.filter((id) => ACTOR.test(id));
    if (asked.length === 0) return new Map();
    const rows = await tx.query<{ id: string; display_name: string }>(
      `SELECT CASE kind WHEN 'user' THEN 'user:' ELSE 'svc:' END || id AS id, display_name
         FROM principal WHERE tenant_id = $1::uuid AND id = ANY($2::uuid[])`,
      [tx.tenantId, asked.map((id) => id.slice(id.indexOf(':') + 1))],
    );
    const names = new Map(rows.map((row) => [row.id, row.display_name]));
    // user:x and svc:x are different principals, of which at most one exists.
    return new Map([...names].filter(([id]) => asked.includes(id)));
  }
}

const ACTOR = /^(user|svc):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function tenantRecord(row: TenantRow): TenantRecord {
  return { id: asTenantId(row.id), slug: row.slug, displayName: row.display_name };
}
