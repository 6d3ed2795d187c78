import type { SqlTx } from '@countersign/database';
import { AppError } from '@countersign/kernel';
import { z } from 'zod';
import type { TenantFacts } from './domain/build-snapshot.js';

/** Which state of a tenant's policy a transaction sees. */
export interface PolicyState {
  readonly epoch: bigint;
  /** Names the very row that was read, so that the epoch of a rolled-back change is never taken for another. */
  readonly rowVersion: string;
  readonly policyVersion: string;
}

/** A reader's view, a decider's lock against changes until commit, or a changer's lock against both. */
export type PolicyLock = '' | 'FOR SHARE' | 'FOR UPDATE';

interface StateRow {
  epoch: bigint;
  row_version: string;
  policy_version: string;
}

/** Reads the tenant's epoch. Throws INTERNAL when the tenant has no policy: it was not opened. */
export async function readPolicyState(tx: SqlTx, lock: PolicyLock): Promise<PolicyState> {
  const [row] = await tx.query<StateRow>(
    `SELECT epoch, xmin::text AS row_version, policy_version FROM tenant_policy
      WHERE tenant_id = $1::uuid ${lock}`,
    [tx.tenantId],
  );
  if (row === undefined) throw notOpened();
  return { epoch: row.epoch, rowVersion: row.row_version, policyVersion: row.policy_version };
}

const factsSchema = z.object({
  grants: z.array(
    z.object({
      id: z.string(),
      subject: z.string(),
      role: z.string(),
      object: z.string(),
      validFromMs: z.number(),
      validUntilMs: z.number().nullable(),
    }),
  ),
  rules: z.array(
    z.object({
      id: z.string(),
      subject: z.string(),
      object: z.string(),
      action: z.string(),
      effect: z.enum(['allow', 'deny']),
    }),
  ),
});

/** One statement, so that grants, rules and epoch belong together at every isolation level. */
const FACTS = `
  SELECT p.epoch, p.xmin::text AS row_version, p.policy_version, jsonb_build_object(
    'grants', (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'id', g.id, 'subject', g.subject, 'role', g.role, 'object', g.object,
        'validFromMs', round(extract(epoch FROM g.valid_from) * 1000),
        'validUntilMs', round(extract(epoch FROM g.valid_until) * 1000)) ORDER BY g.valid_from, g.id), '[]')
      FROM role_grant g
      WHERE g.tenant_id = $1::uuid AND g.revoked_at IS NULL
        AND (g.valid_until IS NULL OR g.valid_until > $2::timestamptz)),
    'rules', (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'id', r.id, 'subject', r.subject, 'object', r.object, 'action', r.action, 'effect', r.effect)
        ORDER BY r.id), '[]')
      FROM policy_rule r WHERE r.tenant_id = $1::uuid)) AS facts
  FROM tenant_policy p WHERE p.tenant_id = $1::uuid`;

/** Everything that decides in this tenant at `now` and later. */
export async function readTenantFacts(
  tx: SqlTx,
  now: Date,
): Promise<{ readonly state: PolicyState; readonly facts: TenantFacts }> {
  const [row] = await tx.query<StateRow & { facts: unknown }>(FACTS, [tx.tenantId, now]);
  if (row === undefined) throw notOpened();
  const state = {
    epoch: row.epoch,
    rowVersion: row.row_version,
    policyVersion: row.policy_version,
  };
  const facts = factsSchema.parse(row.facts);
  return { state, facts: { tenantId: tx.tenantId, epoch: row.epoch, ...facts } };
}

function notOpened(): AppError {
  return new AppError('INTERNAL', {
    publicMessage: 'This tenant has no policy.',
    hint: 'Open tenants through IdentityService.openTenant.',
  });
}
