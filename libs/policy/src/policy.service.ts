import { randomUUID } from 'node:crypto';
import type { Database, SqlTx } from '@countersign/database';
import { subjects, SYSTEM_ACTOR, type ActorRef, type EntryDraft } from '@countersign/events';
import { AppError, type Clock, type TenantId } from '@countersign/kernel';
import type { LedgerService } from '@countersign/ledger';
import { isAction } from './actions.js';
import { CasbinEvaluator } from './casbin-evaluator.js';
import { decisionRecord, type AccessRequest, type Decision } from './decision.js';
import { isObject } from './domain/pattern.js';
import type { TenantSnapshot } from './domain/tenant-snapshot.js';
import { explain } from './explain.js';
import type { GrantOutcome, GrantRoleInput } from './grant.js';
import { GrantCommands } from './grant-commands.js';
import type { PolicyFiles } from './policy-files.js';
import { SnapshotStore } from './snapshot-store.js';
import { readPolicyState } from './tenant-facts.js';

export interface PolicyServiceDeps {
  readonly database: Database;
  readonly ledger: LedgerService;
  readonly clock: Clock;
  readonly files: PolicyFiles;
}

/** What policy needs to know about who asks; a Principal of libs/identity is one. */
export interface ActingPrincipal {
  readonly tenantId: TenantId;
  readonly id: string;
  readonly kind: 'user' | 'service';
}

const SUBJECT = /^(user|svc):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Decides who may do what, and manages the grants that say so. */
export class PolicyService {
  readonly #deps: PolicyServiceDeps;
  readonly #snapshots: SnapshotStore;
  readonly #grants: GrantCommands;
  #evaluator: Promise<CasbinEvaluator> | undefined;

  constructor(deps: PolicyServiceDeps) {
    this.#deps = deps;
    this.#snapshots = new SnapshotStore(deps.database, deps.clock, deps.files);
    this.#grants = new GrantCommands({
      ...deps,
      decide: (tx, request) => this.#decideUnder(tx, 'FOR UPDATE', request),
      changed: (tenantId) => this.#snapshots.forget(tenantId),
    });
  }

  /**
   * Decides a change, inside the transaction that makes it: the tenant's grants and rules cannot change until
   * that transaction ends. Needs a transaction that may write. Throws BAD_REQUEST for an unknown action.
   */
  decide(tx: SqlTx, request: AccessRequest): Promise<Decision> {
    return this.#decideUnder(tx, 'FOR SHARE', request);
  }

  /** Decides inside a read: what `decide` would say by the state that the transaction sees. No lock. */
  preview(tx: SqlTx, request: AccessRequest): Promise<Decision> {
    return this.#decideUnder(tx, '', request);
  }

  /** Decides a read for whoever is logged in. Sees a revoked grant at most one second later. */
  async authorize(principal: ActingPrincipal, action: string, object: string): Promise<Decision> {
    const request = checked({ subject: principal.id, action, object });
    return this.#evaluate(await this.#snapshots.forReading(principal.tenantId), request);
  }

  /** The entry that says that somebody was refused, for a command's own transaction. */
  denialDraft(
    principal: Pick<ActingPrincipal, 'id' | 'kind'>,
    decision: Decision,
    request: Pick<AccessRequest, 'action' | 'object'>,
  ): EntryDraft {
    return denialDraft(principal, decision, request, this.#deps.clock.now());
  }

  /** Appends `access.denied` on its own. Durable when it resolves. */
  async recordDenial(
    principal: ActingPrincipal,
    decision: Decision,
    request: Pick<AccessRequest, 'action' | 'object'>,
  ): Promise<void> {
    const draft = this.denialDraft(principal, decision, request);
    await this.#deps.ledger.append(principal.tenantId, [draft]);
  }

  /** Grants a role by somebody who may. Row, epoch and entry are written together, or nothing is. */
  grantRole(principal: ActingPrincipal, input: GrantRoleInput): Promise<GrantOutcome> {
    return this.#grants.grant(principal.tenantId, actorOf(principal), input);
  }

  /** Revokes a grant by somebody who may; effective for every decision that begins after it. */
  revokeRole(principal: ActingPrincipal, id: string, reason: string): Promise<GrantOutcome> {
    return this.#grants.revoke(principal.tenantId, actorOf(principal), id, reason);
  }

  /**
   * The first grants of a tenant, made by the installation itself: nobody can grant before. Refuses a role that
   * the subject ever had, so that it does not undo a revocation.
   */
  grantRoleAsSystem(tenantId: TenantId, input: GrantRoleInput): Promise<GrantOutcome> {
    return this.#grants.grant(tenantId, SYSTEM_ACTOR, input);
  }

  /** Gives a tenant that is being opened its policy, and returns the policy version. */
  async openPolicy(tx: SqlTx): Promise<string> {
    await tx.query(
      `INSERT INTO tenant_policy (tenant_id, epoch, policy_version) VALUES ($1::uuid, 1, $2)
       ON CONFLICT (tenant_id) DO NOTHING`,
      [tx.tenantId, this.#deps.files.version],
    );
    return this.#deps.files.version;
  }

  /** Records that these policy files decide from now on. Does nothing when they did already. */
  async activate(tenantId: TenantId): Promise<void> {
    const { version } = this.#deps.files;
    await this.#deps.database.sqlTransaction(tenantId, async (tx) => {
      const before = await readPolicyState(tx, 'FOR UPDATE');
      if (before.policyVersion === version) return;
      const epoch = before.epoch + 1n;
      await tx.query(
        'UPDATE tenant_policy SET epoch = $2::bigint, policy_version = $3 WHERE tenant_id = $1::uuid',
        [tx.tenantId, epoch, version],
      );
      await this.#deps.ledger.appendInTx(tx, [
        {
          type: 'policy.activated',
          source: 'countersign',
          subject: subjects.policy,
          actor: SYSTEM_ACTOR,
          basis: 'authenticated',
          occurredAt: this.#deps.clock.now(),
          delivery: `policy.activated:${epoch}`,
          data: {
            policyVersion: version,
            previousVersion: before.policyVersion,
            epoch: String(epoch),
          },
        },
      ]);
    });
    this.#snapshots.forget(tenantId);
  }

  async #decideUnder(
    tx: SqlTx,
    lock: '' | 'FOR SHARE' | 'FOR UPDATE',
    request: AccessRequest,
  ): Promise<Decision> {
    const safe = checked(request);
    return this.#evaluate(await this.#snapshots.inTransaction(tx, lock), safe);
  }

  async #evaluate(snapshot: TenantSnapshot, request: AccessRequest): Promise<Decision> {
    this.#evaluator ??= CasbinEvaluator.create(this.#deps.files.model);
    const evaluator = await this.#evaluator;
    const { subject, action, object } = request;
    const evaluation = evaluator.evaluate(
      { subject, tenantId: snapshot.tenantId, object, action },
      snapshot.slice(subject, action),
      snapshot.closure(subject),
    );
    return explain(this.#deps.files, snapshot, request, evaluation);
  }
}

function actorOf(principal: Pick<ActingPrincipal, 'id' | 'kind'>): ActorRef {
  return { id: principal.id, kind: principal.kind, basis: 'authenticated' };
}

/** An entry `access.denied`. */
export function denialDraft(
  principal: Pick<ActingPrincipal, 'id' | 'kind'>,
  decision: Decision,
  { action, object }: Pick<AccessRequest, 'action' | 'object'>,
  now: Date,
): EntryDraft {
  return {
    type: 'access.denied',
    source: 'countersign',
    subject: subjects.policy,
    actor: actorOf(principal),
    basis: 'authenticated',
    occurredAt: now,
    delivery: `access.denied:${randomUUID()}`,
    data: { action, object, decision: decisionRecord(decision) },
  };
}

/** The engine compares loosely (an array can equal a string), so only checked strings reach it. */
function checked(request: AccessRequest): AccessRequest {
  const { subject, action, object } = request;
  if (typeof subject !== 'string' || !SUBJECT.test(subject)) {
    throw new AppError('BAD_REQUEST', {
      publicMessage: 'The subject of a decision is user:<uuid> or svc:<uuid>.',
      hint: 'Take the id of a principal as the API gives it.',
    });
  }
  if (typeof action !== 'string' || !isAction(action)) {
    throw new AppError('BAD_REQUEST', {
      publicMessage: 'There is no such action.',
      hint: 'For example: model.read, promotion.request, promotion.approve.',
    });
  }
  if (!isObject(object)) {
    throw new AppError('BAD_REQUEST', {
      publicMessage: 'The object of a decision is one object, without wildcards.',
      hint: 'For example: model/card-fraud, ledger, policy, tenant.',
    });
  }
  return { subject, action, object };
}
