import type { SqlTx } from '@countersign/database';
import {
  decodeCursor,
  encodeCursor,
  pageSize,
  type Clock,
  type Page,
  type PageRequest,
} from '@countersign/kernel';
import { covers } from './domain/pattern.js';
import type { RoleGrant } from './grant.js';
import type { PolicyFiles } from './policy-files.js';

/** Reads of grants. Whether the caller may see them is decided before (`policy.read`). */
export class PolicyQueries {
  constructor(
    readonly files: PolicyFiles,
    readonly clock: Clock,
  ) {}

  /** Every grant that was ever made, oldest first: present, over and revoked ones. */
  async roleGrants(
    tx: SqlTx,
    filter: { readonly subject?: string | null | undefined },
    page: Pick<PageRequest, 'first' | 'after'>,
  ): Promise<Page<RoleGrant>> {
    const size = pageSize(page.first);
    const [from = null, id = null] =
      typeof page.after === 'string' ? decodeCursor(page.after, 2) : [];
    const rows = await tx.query<GrantRow>(
      `SELECT ${GRANT_COLUMNS} FROM role_grant
        WHERE tenant_id = $1::uuid AND ($2::text IS NULL OR subject = $2)
          AND ($3::timestamptz IS NULL OR (valid_from, id) > ($3::timestamptz, $4::uuid))
        ORDER BY valid_from, id LIMIT $5::int`,
      [tx.tenantId, filter.subject ?? null, from, id, size + 1],
    );
    return {
      edges: rows.slice(0, size).map((row) => ({
        cursor: encodeCursor([row.valid_from.toISOString(), row.id]),
        node: roleGrant(row),
      })),
      hasNextPage: rows.length > size,
      hasPreviousPage: from !== null,
    };
  }

  /**
   * Roles that the subject holds now, inherited ones included, sorted, without prefix. With `object`: only by
   * grants that cover it.
   */
  async rolesOf(tx: SqlTx, subject: string, object?: string): Promise<string[]> {
    const now = this.clock.now();
    const rows = await tx.query<{ role: string; object: string }>(
      `SELECT role, object FROM role_grant
        WHERE tenant_id = $1::uuid AND subject = $2 AND revoked_at IS NULL
          AND valid_from <= $3::timestamptz AND (valid_until IS NULL OR valid_until > $3::timestamptz)`,
      [tx.tenantId, subject, now],
    );
    const held = rows.filter((row) => object === undefined || covers(row.object, object));
    return this.files.roles.closure(held.map((row) => bareRole(row.role)));
  }

  /** Subjects that hold the role on the object now, by whatever role inherits it; sorted, each once. */
  async holdersOf(tx: SqlTx, role: string, object: string): Promise<string[]> {
    const giving = this.files.roles.names.filter((name) =>
      this.files.roles.closure([name]).includes(role),
    );
    const rows = await tx.query<{ subject: string; object: string }>(
      `SELECT subject, object FROM role_grant
        WHERE tenant_id = $1::uuid AND role = ANY($2::text[]) AND revoked_at IS NULL
          AND valid_from <= $3::timestamptz AND (valid_until IS NULL OR valid_until > $3::timestamptz)`,
      [tx.tenantId, giving.map((name) => `role:${name}`), this.clock.now()],
    );
    const held = rows.filter((row) => covers(row.object, object));
    return [...new Set(held.map((row) => row.subject))].sort();
  }
}

export interface GrantRow {
  id: string;
  subject: string;
  role: string;
  object: string;
  valid_from: Date;
  valid_until: Date | null;
  granted_by: string;
  revoked_at: Date | null;
  revoked_by: string | null;
}

export const GRANT_COLUMNS =
  'id, subject, role, object, valid_from, valid_until, granted_by, revoked_at, revoked_by';

export function roleGrant(row: GrantRow): RoleGrant {
  return {
    id: row.id,
    subject: row.subject,
    role: bareRole(row.role),
    object: row.object,
    validFrom: row.valid_from,
    validUntil: row.valid_until,
    grantedBy: row.granted_by,
    revokedAt: row.revoked_at,
    revokedBy: row.revoked_by,
  };
}

/** `approver` of `role:approver` or `approver`. */
export function bareRole(role: string): string {
  return role.startsWith('role:') ? role.slice('role:'.length) : role;
}
