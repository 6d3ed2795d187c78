import type { Database } from '@countersign/database';
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

/** Reads of tenants. */
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
}

function tenantRecord(row: TenantRow): TenantRecord {
  return { id: asTenantId(row.id), slug: row.slug, displayName: row.display_name };
}
