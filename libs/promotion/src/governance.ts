import { randomUUID } from 'node:crypto';
import type { Database, SqlTx } from '@countersign/database';
import { subjects } from '@countersign/events';
import { actorOf, type Principal } from '@countersign/identity';
import { isAppError, type Clock } from '@countersign/kernel';
import type { LedgerService } from '@countersign/ledger';
import type { PolicyService } from '@countersign/policy';
import type { RegistryQueries } from '@countersign/registry';
import { refused, type Refused } from './domain/refusals.js';
import {
  askedRecord,
  freeText,
  ownEntry,
  refusedEntry,
  type Asked,
  type CommandFrame,
} from './entries.js';
import { outcomeOf } from './outcome.js';
import { DEFAULT_POLICY, type PolicyBook } from './policy-book.js';
import type { GovernanceOutcome, GovernanceRecord, GovernModelInput } from './records.js';
import { lockSlot } from './slot.js';

interface GovernanceDeps {
  readonly database: Database;
  readonly ledger: LedgerService;
  readonly policy: PolicyService;
  readonly registry: RegistryQueries;
  readonly book: PolicyBook;
  readonly clock: Clock;
}

interface GovernanceRow {
  source: string;
  model: string;
  policy: string;
  policy_version: string;
  since_sequence: bigint;
  started_at: Date;
  started_by: string;
}

const COLUMNS = 'source, model, policy, policy_version, since_sequence, started_at, started_by';

/**
 * Puts a model under a policy. Whoever may propose policy, or may execute promotions of the model (its owner), may
 * do it: it only ever asks for more. Moving a governed model to another policy asks for the former alone, since
 * that may ask for less. Under the same policy already: answers what is, and records nothing.
 */
export function governModel(
  deps: GovernanceDeps,
  principal: Principal,
  input: GovernModelInput,
): Promise<GovernanceOutcome> {
  return deps.database.sqlTransaction(principal.tenantId, (tx) =>
    governInTx(deps, tx, principal, input),
  );
}

async function governInTx(
  deps: GovernanceDeps,
  tx: SqlTx,
  principal: Principal,
  input: GovernModelInput,
): Promise<GovernanceOutcome> {
  const model = await deps.registry
    .model(tx, input.model, input.source ?? null)
    .catch((error: unknown) => {
      if (isAppError(error, 'BAD_REQUEST')) return null;
      throw error;
    });
  const source = model?.source ?? input.source ?? null;
  if (source !== null) await lockSlot(tx, { source, model: input.model, target: '' });
  const before = source === null ? null : await governanceOf(tx, source, input.model);
  const asked = await decide(deps, tx, principal, input.model, before === null);
  const now = deps.clock.now();
  const frame: CommandFrame = {
    actor: actorOf(principal),
    now,
    asked,
    text: input.reason ?? null,
  };
  const refuse = (refusal: Refused | { code: 'POLICY_DENIED' }) =>
    refuseGoverning(deps, tx, frame, asked, input, refusal);

  if (!asked.decision.allowed) return refuse({ code: 'POLICY_DENIED' });
  if (model?.kind !== 'model' || model.deletedAt !== null) {
    return refuse(
      refused(
        'UNKNOWN_MODEL_VERSION',
        'There is no such model.',
        'Check the name; name the source when several hold a model of this name.',
      ),
    );
  }
  const policy = deps.book.find(input.policy ?? DEFAULT_POLICY);
  if (policy === null) {
    return refuse(
      refused(
        'GATE_FAILED',
        'There is no such promotion policy.',
        `Installed: ${deps.book.names().join(', ')}.`,
      ),
    );
  }
  if (before?.policyVersion === policy.policyVersion) {
    return { kind: 'governed', governance: before };
  }
  const [entry] = await deps.ledger.appendInTx(tx, [
    ownEntry({
      type: 'governance.started',
      subject: subjects.model(model.name),
      actor: frame.actor,
      now,
      delivery: `governance:${randomUUID()}`,
      data: {
        source: model.source,
        model: model.name,
        policy: policy.name,
        policyVersion: policy.policyVersion,
        reason: freeText(frame.text, frame.actor),
        decision: askedRecord(asked),
      },
    }),
  ]);
  const governance: GovernanceRecord = {
    source: model.source,
    model: model.name,
    policy: policy.name,
    policyVersion: policy.policyVersion,
    // A change of policy does not turn what came before it into history.
    sinceSequence: before?.sinceSequence ?? entry?.sequence ?? 0n,
    startedAt: before?.startedAt ?? now,
    startedBy: before?.startedBy ?? principal.id,
  };
  await keep(tx, governance);
  return { kind: 'governed', governance };
}

async function decide(
  deps: GovernanceDeps,
  tx: SqlTx,
  principal: Principal,
  model: string,
  first: boolean,
): Promise<Asked> {
  const object = subjects.model(model);
  const ask = async (action: string): Promise<Asked> => {
    const decision = await deps.policy.decide(tx, { subject: principal.id, action, object });
    return { action, object, decision };
  };
  const proposing = await ask('policy.propose');
  if (proposing.decision.allowed || !first) return proposing;
  const owning = await ask('promotion.execute');
  return owning.decision.allowed ? owning : proposing;
}

async function refuseGoverning(
  deps: GovernanceDeps,
  tx: SqlTx,
  frame: CommandFrame,
  asked: Asked,
  input: GovernModelInput,
  refusal: Refused | { code: 'POLICY_DENIED' },
): Promise<Exclude<GovernanceOutcome, { kind: 'governed' }>> {
  const outcome = outcomeOf(refusal, asked.decision);
  await deps.ledger.appendInTx(tx, [
    refusedEntry({
      id: randomUUID(),
      command: 'governModel',
      code: outcome.code,
      message: outcome.message,
      frame,
      request: null,
      asked: { source: input.source ?? null, model: input.model, version: null, target: null },
    }),
  ]);
  return outcome;
}

async function keep(tx: SqlTx, governance: GovernanceRecord): Promise<void> {
  await tx.query(
    `INSERT INTO model_governance (tenant_id, source, model, policy, policy_version, since_sequence, started_at, started_by)
     VALUES ($1::uuid, $2, $3, $4, $5, $6::bigint, $7::timestamptz, $8)
     ON CONFLICT (tenant_id, source, model) DO UPDATE
       SET policy = excluded.policy, policy_version = excluded.policy_version`,
    [
      tx.tenantId,
      governance.source,
      governance.model,
      governance.policy,
      governance.policyVersion,
      governance.sinceSequence,
      governance.startedAt,
      governance.startedBy,
    ],
  );
}

/** The policy that a model is under since when; null when it is under none. */
export async function governanceOf(
  tx: SqlTx,
  source: string,
  model: string,
): Promise<GovernanceRecord | null> {
  const [row] = await tx.query<GovernanceRow>(
    `SELECT ${COLUMNS} FROM model_governance WHERE tenant_id = $1::uuid AND source = $2 AND model = $3`,
    [tx.tenantId, source, model],
  );
  if (row === undefined) return null;
  return {
    source: row.source,
    model: row.model,
    policy: row.policy,
    policyVersion: row.policy_version,
    sinceSequence: row.since_sequence,
    startedAt: row.started_at,
    startedBy: row.started_by,
  };
}

/** Name of the policy that a model is under; null when it is under none. */
export async function policyNameOf(
  tx: SqlTx,
  source: string,
  model: string,
): Promise<string | null> {
  return (await governanceOf(tx, source, model))?.policy ?? null;
}
