import { randomUUID } from 'node:crypto';
import type { Database, SqlTx } from '@countersign/database';
import {
  personal,
  subjects,
  type ActorRef,
  type DraftJson,
  type EntryDraft,
} from '@countersign/events';
import { isUuid, type Clock, type TenantId } from '@countersign/kernel';
import type { LedgerService } from '@countersign/ledger';
import { decisionRecord, type AccessRequest, type Decision } from './decision.js';
import { refusalOf, type HeldGrant, type ProposedGrant } from './domain/grant-rules.js';
import type { GrantOutcome, GrantRoleInput, RoleGrant } from './grant.js';
import type { PolicyFiles } from './policy-files.js';
import { bareRole, GRANT_COLUMNS, roleGrant, type GrantRow } from './policy.queries.js';
import { readPolicyState } from './tenant-facts.js';

interface GrantCommandsDeps {
  readonly database: Database;
  readonly ledger: LedgerService;
  readonly clock: Clock;
  readonly files: PolicyFiles;
  /** Decides while holding the tenant's policy row, so that two changes never decide at once. */
  readonly decide: (tx: SqlTx, request: AccessRequest) => Promise<Decision>;
  /** Called after a commit. */
  readonly changed: (tenantId: TenantId) => void;
}

const MANAGE = { action: 'grant.manage', object: 'tenant' } as const;

/** Grant and revoke: lock the policy row, decide, check, write, count the epoch up, append. One transaction. */
export class GrantCommands {
  constructor(readonly deps: GrantCommandsDeps) {}

  async grant(tenantId: TenantId, actor: ActorRef, input: GrantRoleInput): Promise<GrantOutcome> {
    const now = this.deps.clock.now();
    const proposed: ProposedGrant = {
      subject: input.subject,
      role: bareRole(input.role),
      object: input.object ?? '*',
      validFrom: input.validFrom ?? now,
      validUntil: input.validUntil ?? null,
      reason: input.reason,
    };
    return this.#command(tenantId, actor, async (tx, decision) => {
      if (!(await principalExists(tx, proposed.subject))) {
        return refused('UNKNOWN_SUBJECT', 'There is no such principal in this tenant.', SIGN_IN);
      }
      const held = await heldGrants(tx, proposed.subject, actor.kind === 'system' ? null : now);
      const refusal = refusalOf(this.deps.files.roles, proposed, held, actor.id, now);
      if (refusal !== null) return { kind: 'refused', ...refusal };
      const [row] = await tx.query<GrantRow>(
        `INSERT INTO role_grant
           (tenant_id, id, subject, role, object, valid_from, valid_until, granted_by)
         VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6, $7, $8) RETURNING ${GRANT_COLUMNS}`,
        [
          tx.tenantId,
          randomUUID(),
          proposed.subject,
          `role:${proposed.role}`,
          proposed.object,
          proposed.validFrom,
          proposed.validUntil,
          actor.id,
        ],
      );
      return this.#done(tx, actor, 'role.granted', row, decision, proposed.reason);
    });
  }

  async revoke(
    tenantId: TenantId,
    actor: ActorRef,
    id: string,
    reason: string,
  ): Promise<GrantOutcome> {
    return this.#command(tenantId, actor, async (tx, decision) => {
      if (reason.trim() === '') {
        return refused('REASON_MISSING', 'Revoking a role needs a reason.', KEPT);
      }
      const grant = isUuid(id) ? await findGrant(tx, id) : null;
      if (grant === null) {
        return refused('UNKNOWN_GRANT', 'There is no such grant in this tenant.', LIST);
      }
      if (grant.revokedAt !== null) {
        return refused('ALREADY_REVOKED', 'The grant was revoked before.', LIST);
      }
      const [row] = await tx.query<GrantRow>(
        `UPDATE role_grant SET revoked_at = $3, revoked_by = $4
          WHERE tenant_id = $1::uuid AND id = $2::uuid RETURNING ${GRANT_COLUMNS}`,
        [tx.tenantId, id, this.deps.clock.now(), actor.id],
      );
      return this.#done(tx, actor, 'role.revoked', row, decision, reason);
    });
  }

  async #command(
    tenantId: TenantId,
    actor: ActorRef,
    work: (tx: SqlTx, decision: Decision) => Promise<GrantOutcome>,
  ): Promise<GrantOutcome> {
    const outcome = await this.deps.database.sqlTransaction<GrantOutcome>(tenantId, async (tx) => {
      const decision = await this.#decide(tx, actor);
      if (decision.allowed) return work(tx, decision);
      await this.deps.ledger.appendInTx(tx, [
        this.#draft('access.denied', subjects.policy, actor, randomUUID(), {
          ...MANAGE,
          decision: decisionRecord(decision),
        }),
      ]);
      return { kind: 'denied', decision };
    });
    if (outcome.kind === 'done') this.deps.changed(tenantId);
    return outcome;
  }

  /** The installation itself acts before anybody can; its decision says so. */
  async #decide(tx: SqlTx, actor: ActorRef): Promise<Decision> {
    if (actor.kind !== 'system') return this.deps.decide(tx, { subject: actor.id, ...MANAGE });
    const { epoch } = await readPolicyState(tx, 'FOR UPDATE');
    return {
      allowed: true,
      rules: ['system'],
      rolePath: [actor.id],
      policyVersion: this.deps.files.version,
      epoch,
      remedy: [],
    };
  }

  async #done(
    tx: SqlTx,
    actor: ActorRef,
    type: 'role.granted' | 'role.revoked',
    row: GrantRow | undefined,
    decision: Decision,
    reason: string,
  ): Promise<GrantOutcome> {
    if (row === undefined) throw new Error(`${type}: the row was not written`);
    const grant = roleGrant(row);
    await tx.query('UPDATE tenant_policy SET epoch = epoch + 1 WHERE tenant_id = $1::uuid', [
      tx.tenantId,
    ]);
    const period = {
      validFrom: grant.validFrom.toISOString(),
      validUntil: grant.validUntil?.toISOString() ?? null,
    };
    await this.deps.ledger.appendInTx(tx, [
      this.#draft(type, subjects.grant(grant.id), actor, grant.id, {
        grantId: grant.id,
        subject: grant.subject,
        role: grant.role,
        object: grant.object,
        ...(type === 'role.granted' ? period : {}),
        reason: personal(reason, grant.subject),
        decision: decisionRecord(decision),
      }),
    ]);
    return { kind: 'done', grant, decision };
  }

  #draft(
    type: 'role.granted' | 'role.revoked' | 'access.denied',
    subject: string,
    actor: ActorRef,
    key: string,
    data: { readonly [key: string]: DraftJson | undefined },
  ): EntryDraft {
    return {
      type,
      source: 'countersign',
      subject,
      actor,
      basis: 'authenticated',
      occurredAt: this.deps.clock.now(),
      delivery: `${type}:${key}`,
      data,
    };
  }
}

const SIGN_IN = 'A principal exists once it has signed in. Take its id from the API: user:<uuid>.';
const KEPT = 'Say why; it is kept in the ledger.';
const LIST = 'List the present grants with roleGrants.';

function refused(
  code: Extract<GrantOutcome, { kind: 'refused' }>['code'],
  message: string,
  hint: string,
): GrantOutcome {
  return { kind: 'refused', code, message, hint };
}

async function findGrant(tx: SqlTx, id: string): Promise<RoleGrant | null> {
  const [row] = await tx.query<GrantRow>(
    `SELECT ${GRANT_COLUMNS} FROM role_grant WHERE tenant_id = $1::uuid AND id = $2::uuid`,
    [tx.tenantId, id],
  );
  return row === undefined ? null : roleGrant(row);
}

/**
 * What the subject holds at `at` or will hold. Null: whatever it was ever granted, for the installation gives
 * a role once and does not undo a revocation.
 */
async function heldGrants(tx: SqlTx, subject: string, at: Date | null): Promise<HeldGrant[]> {
  const rows = await tx.query<HeldGrant>(
    `SELECT role, object FROM role_grant WHERE tenant_id = $1::uuid AND subject = $2 AND
       ($3::timestamptz IS NULL OR
         revoked_at IS NULL AND (valid_until IS NULL OR valid_until > $3::timestamptz))`,
    [tx.tenantId, subject, at],
  );
  return rows.map(({ role, object }) => ({ role: bareRole(role), object }));
}

async function principalExists(tx: SqlTx, subject: string): Promise<boolean> {
  const [, kind, uuid] = /^(user|svc):(.+)$/.exec(subject) ?? [];
  if (kind === undefined || uuid === undefined || !isUuid(uuid)) return false;
  const rows = await tx.query(
    'SELECT 1 FROM principal WHERE tenant_id = $1::uuid AND id = $2::uuid AND kind = $3',
    [tx.tenantId, uuid, kind === 'user' ? 'user' : 'service'],
  );
  return rows.length > 0;
}
