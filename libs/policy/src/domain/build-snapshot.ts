import { intersection } from './pattern.js';
import type { RoleCatalogue } from './role-catalogue.js';
import { TenantSnapshot, type PolicyRow, type RoleLink } from './tenant-snapshot.js';

/** A role grant as the engine needs it. Milliseconds since 1970. */
export interface GrantFact {
  readonly id: string;
  readonly subject: string;
  /** With the prefix `role:`. */
  readonly role: string;
  readonly object: string;
  readonly validFromMs: number;
  readonly validUntilMs: number | null;
}

/** What the database says about one tenant's policy, read at one moment. */
export interface TenantFacts {
  readonly tenantId: string;
  readonly epoch: bigint;
  readonly grants: readonly GrantFact[];
  /** Rules of this tenant beside the baseline. */
  readonly rules: readonly PolicyRow[];
}

export interface BuiltSnapshot {
  readonly snapshot: TenantSnapshot;
  /** The next instant at which a grant begins or ends, or null: until then the snapshot holds. */
  readonly changesAtMs: number | null;
}

/**
 * The rows and links that hold at `nowMs`. A grant on everything is a role link. A grant on less gives the
 * subject rows of its own: those of the role (and of what it inherits), narrowed to the grant's object.
 */
export function buildSnapshot(
  roles: RoleCatalogue,
  baseline: readonly PolicyRow[],
  facts: TenantFacts,
  nowMs: number,
): BuiltSnapshot {
  const roleRows = [...baseline, ...facts.rules];
  const links: RoleLink[] = roles.definitions.flatMap((role) =>
    role.inherits.map((parent) => ({ member: `role:${role.name}`, role: `role:${parent}` })),
  );
  const narrowed: PolicyRow[] = [];
  for (const grant of facts.grants) {
    if (!holds(grant, nowMs)) continue;
    if (grant.object === '*') links.push({ member: grant.subject, role: grant.role });
    else narrowed.push(...narrowedRows(roles, roleRows, grant));
  }
  return {
    snapshot: new TenantSnapshot(facts.tenantId, facts.epoch, [...roleRows, ...narrowed], links),
    changesAtMs: nextChange(facts.grants, nowMs),
  };
}

/** True from validFrom on, until just before validUntil. */
export function holds(
  grant: Pick<GrantFact, 'validFromMs' | 'validUntilMs'>,
  nowMs: number,
): boolean {
  return grant.validFromMs <= nowMs && (grant.validUntilMs === null || nowMs < grant.validUntilMs);
}

function narrowedRows(
  roles: RoleCatalogue,
  rows: readonly PolicyRow[],
  grant: GrantFact,
): PolicyRow[] {
  const held = new Set(roles.closure([grant.role.slice('role:'.length)]).map((r) => `role:${r}`));
  return rows.flatMap((row) => {
    const object = held.has(row.subject) ? intersection(row.object, grant.object) : null;
    if (object === null) return [];
    const id = `${row.id}@${grant.id}`;
    return [{ ...row, id, subject: grant.subject, object, grantedAs: grant.role }];
  });
}

function nextChange(grants: readonly GrantFact[], nowMs: number): number | null {
  let next: number | null = null;
  for (const { validFromMs, validUntilMs } of grants) {
    for (const at of [validFromMs, validUntilMs]) {
      if (at !== null && at > nowMs && (next === null || at < next)) next = at;
    }
  }
  return next;
}
