import { randomUUID } from 'node:crypto';
import { canonicalize } from '@countersign/chain';
import type { Database, SqlTx } from '@countersign/database';
import { subjects } from '@countersign/events';
import { actorOf, type Principal } from '@countersign/identity';
import { AppError, type Clock } from '@countersign/kernel';
import type { LedgerQueries, LedgerService } from '@countersign/ledger';
import type { PolicyQueries, PolicyService } from '@countersign/policy';
import type { ModelVersionRecord } from '@countersign/registry';
import { refuseOpening } from './domain/open-request.js';
import { pinDigest } from './domain/pin.js';
import { asTarget, tierOf, type PromotionPolicy } from './domain/policy.js';
import { refused, type Refused } from './domain/refusals.js';
import {
  aboutRequest,
  askedRecord,
  freeText,
  ownEntry,
  refusedEntry,
  type Asked,
  type CommandFrame,
} from './entries.js';
import { policyNameOf } from './governance.js';
import { outcomeOf } from './outcome.js';
import type { PinReader } from './pin-reader.js';
import { DEFAULT_POLICY, type PolicyBook } from './policy-book.js';
import type { PromotionOutcome, PromotionRequestRecord, RequestPromotionInput } from './records.js';
import { readRequest } from './request-rows.js';
import { requestDelivery } from './deliveries.js';
import { lockSlot } from './slot.js';

export interface RequestOpenerDeps {
  readonly database: Database;
  readonly ledger: LedgerService;
  readonly entries: LedgerQueries;
  readonly policy: PolicyService;
  readonly roles: PolicyQueries;
  readonly pins: PinReader;
  readonly book: PolicyBook;
  readonly clock: Clock;
}

interface Keyed {
  id: string;
  idempotency_digest: string;
}

/** Opens promotion requests. */
export class RequestOpener {
  constructor(private readonly deps: RequestOpenerDeps) {}

  /** Throws BAD_REQUEST for a target that is none. */
  async open(principal: Principal, input: RequestPromotionInput): Promise<PromotionOutcome> {
    const target = asTarget(input.target);
    if (target === null) {
      throw new AppError('BAD_REQUEST', {
        publicMessage: 'That is not a target.',
        hint: 'For example alias:champion or stage:Production.',
      });
    }
    return this.deps.database.sqlTransaction(principal.tenantId, (tx) =>
      this.#openInTx(tx, principal, { ...input, target }),
    );
  }

  async #openInTx(
    tx: SqlTx,
    principal: Principal,
    input: RequestPromotionInput,
  ): Promise<PromotionOutcome> {
    const { deps } = this;
    const object = subjects.modelVersion(input.model, input.version);
    const action = 'promotion.request';
    const decision = await deps.policy.decide(tx, { subject: principal.id, action, object });
    const asked: Asked = { action, object, decision };
    const now = deps.clock.now();
    const frame: CommandFrame = {
      actor: actorOf(principal),
      now,
      asked,
      text: input.reason ?? null,
    };
    const refuse = (
      refusal: Refused | { code: 'POLICY_DENIED' },
      current: PromotionRequestRecord | null,
    ) => this.#refuse(tx, frame, asked, input, refusal, current);

    if (!decision.allowed) return refuse({ code: 'POLICY_DENIED' }, null);
    const found = await deps.pins.find(tx, input);
    const policy = await this.#policyFor(tx, found, input.model);
    const tier = tierOf(policy, input.target);
    const slot = {
      source: found?.source ?? '',
      model: found?.modelName ?? input.model,
      target: input.target,
    };
    if (found !== null) await lockSlot(tx, slot);
    // After the lock: of the same command sent twice at once, the second finds what the first made.
    const repeated = await this.#repeated(tx, principal, input);
    if (repeated !== null) {
      return repeated.same
        ? { kind: 'request', request: repeated.request }
        : refuse(otherBody(), repeated.request);
    }
    const open = found === null ? null : await openRequest(tx, { ...slot, version: found.version });
    const registrant = found === null ? null : await deps.pins.registrant(tx, found);
    const refusal = refuseOpening({
      authorized: decision.allowed,
      requestedBy: principal.id,
      versionKnown: found !== null,
      tier,
      target: input.target,
      registrant,
      roleHolders: tier === null ? [] : await deps.roles.holdersOf(tx, tier.quorum.role, object),
      alreadyOpen: open !== null,
    });
    if (refusal !== null) return refuse(refusal, open);
    if (found === null || tier === null) throw new AppError('INTERNAL', impossible);

    const pin = await deps.pins.pin(tx, found, input.target, policy.policyVersion);
    const id = randomUUID();
    const record: PromotionRequestRecord = {
      id,
      source: pin.source,
      model: pin.model,
      version: pin.version,
      modelVersionId: pin.modelVersionId,
      target: input.target,
      object: subjects.modelVersion(pin.model, pin.version),
      state: 'PENDING',
      rowVersion: 0,
      requestedBy: principal.id,
      registrant,
      saidIn: requestDelivery(id),
      createdAt: now,
      expiresAt: new Date(now.getTime() + tier.requestTtlSeconds * 1000),
      pin,
      pinDigest: pinDigest(pin),
      policy: policy.name,
      policyVersion: policy.policyVersion,
      votes: [],
    };
    const key = input.idempotencyKey ?? null;
    const digest = key === null ? null : await this.#digest(tx, input);
    if (!(await insertRequest(tx, record, key, digest))) {
      // Another command with the same key committed while this one waited for it.
      const other = await this.#repeated(tx, principal, input);
      if (other === null) throw new AppError('INTERNAL', impossible);
      return other.same
        ? { kind: 'request', request: other.request }
        : refuse(otherBody(), other.request);
    }
    await deps.ledger.appendInTx(tx, [
      ownEntry({
        type: 'promotion.requested',
        subject: subjects.request(record.id),
        actor: frame.actor,
        now,
        delivery: record.saidIn,
        data: {
          ...aboutRequest(record),
          state: record.state,
          rowVersion: record.rowVersion,
          reason: freeText(frame.text, frame.actor),
          pin: { ...pin },
          pinDigest: record.pinDigest,
          expiresAt: record.expiresAt.toISOString(),
          registrant: record.registrant,
          decision: askedRecord(asked),
        },
      }),
    ]);
    return { kind: 'request', request: record };
  }

  async #refuse(
    tx: SqlTx,
    frame: CommandFrame,
    asked: Asked,
    input: RequestPromotionInput,
    refusal: Refused | { code: 'POLICY_DENIED' },
    current: PromotionRequestRecord | null,
  ): Promise<PromotionOutcome> {
    const outcome = outcomeOf(refusal, asked.decision);
    await this.deps.ledger.appendInTx(tx, [
      refusedEntry({
        id: randomUUID(),
        command: 'requestPromotion',
        code: outcome.code,
        message: outcome.message,
        frame,
        request: current,
        asked: {
          source: input.source ?? null,
          model: input.model,
          version: input.version,
          target: input.target,
        },
      }),
    ]);
    return outcome.kind === 'denied' ? outcome : { ...outcome, current };
  }

  async #policyFor(
    tx: SqlTx,
    found: ModelVersionRecord | null,
    model: string,
  ): Promise<PromotionPolicy> {
    const name =
      found === null
        ? DEFAULT_POLICY
        : ((await policyNameOf(tx, found.source, model)) ?? DEFAULT_POLICY);
    const policy = this.deps.book.find(name);
    if (policy === null) {
      throw new AppError('UNAVAILABLE', {
        publicMessage: `The model is under the promotion policy ${name}, which is not installed.`,
        hint: 'Put the policy file back.',
      });
    }
    return policy;
  }

  async #repeated(
    tx: SqlTx,
    principal: Principal,
    input: RequestPromotionInput,
  ): Promise<{ same: boolean; request: PromotionRequestRecord } | null> {
    const key = input.idempotencyKey ?? null;
    if (key === null) return null;
    const [row] = await tx.query<Keyed>(
      `SELECT id, idempotency_digest FROM promotion_request
        WHERE tenant_id = $1::uuid AND requested_by = $2 AND idempotency_key = $3`,
      [tx.tenantId, principal.id, key],
    );
    const loaded = row === undefined ? null : await readRequest(tx, row.id);
    if (row === undefined || loaded === null) return null;
    const digest = await this.#digest(tx, input);
    return { same: row.idempotency_digest === digest, request: loaded.record };
  }

  /** Keyed: a plain hash would let a reader of the table guess the reason after its erasure. */
  async #digest(tx: SqlTx, input: RequestPromotionInput): Promise<string> {
    const { model, version, target, reason, source } = input;
    const body = { model, version, target, reason: reason ?? null, source: source ?? null };
    const seal = await this.deps.entries.seal(tx);
    if (seal === null) throw new AppError('INTERNAL', impossible);
    return seal.macHex(canonicalize(body), 'promotion/idempotency');
  }
}

const impossible = { publicMessage: 'The promotion request could not be opened.' };

function otherBody(): Refused {
  return refused(
    'CONFLICT',
    'You used this idempotency key for another request.',
    'Use a new key for a new request.',
  );
}

async function openRequest(
  tx: SqlTx,
  at: { source: string; model: string; version: string; target: string },
): Promise<PromotionRequestRecord | null> {
  const [row] = await tx.query<{ id: string }>(
    `SELECT id FROM promotion_request
      WHERE tenant_id = $1::uuid AND source = $2 AND model = $3 AND version = $4 AND target = $5
        AND state IN ('PENDING', 'APPROVED', 'EXECUTING', 'FAILED')`,
    [tx.tenantId, at.source, at.model, at.version, at.target],
  );
  return row === undefined ? null : ((await readRequest(tx, row.id))?.record ?? null);
}

/** False when another request holds the same idempotency key (or is open for the same version and target). */
async function insertRequest(
  tx: SqlTx,
  record: PromotionRequestRecord,
  key: string | null,
  digest: string | null,
): Promise<boolean> {
  const rows = await tx.query(
    `INSERT INTO promotion_request (tenant_id, id, source, model, version, model_version_id, target, state,
       row_version, object, requested_by, registrant, created_at, expires_at, pin, pin_digest, policy,
       policy_version, idempotency_key, idempotency_digest)
     VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, $12::timestamptz,
       $13::timestamptz, $14::jsonb, $15, $16, $17, $18, $19)
     ON CONFLICT DO NOTHING RETURNING id`,
    [
      tx.tenantId,
      record.id,
      record.source,
      record.model,
      record.version,
      record.modelVersionId,
      record.target,
      record.state,
      record.object,
      record.requestedBy,
      record.registrant,
      record.createdAt,
      record.expiresAt,
      JSON.stringify(record.pin),
      record.pinDigest,
      record.policy,
      record.policyVersion,
      key,
      digest,
    ],
  );
  return rows.length === 1;
}
