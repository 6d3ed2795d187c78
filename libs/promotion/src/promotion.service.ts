import { randomUUID } from 'node:crypto';
import type { Database, SqlTx } from '@countersign/database';
import { SYSTEM_ACTOR } from '@countersign/events';
import { actorOf, type Principal } from '@countersign/identity';
import { AppError, type Clock, type TenantId } from '@countersign/kernel';
import type { LedgerQueries, LedgerService, Projector } from '@countersign/ledger';
import type { LineageQueries } from '@countersign/lineage';
import type { PolicyQueries, PolicyService } from '@countersign/policy';
import type { RegistryQueries } from '@countersign/registry';
import { CommandWriter } from './command-writer.js';
import { expireWhenDue, reduce } from './domain/reduce.js';
import type { Command } from './domain/request-state.js';
import { refusedEntry, type Asked, type CommandFrame } from './entries.js';
import { Executions } from './executions.js';
import { governModel } from './governance.js';
import { Moments } from './moments.js';
import { PromotionObserver } from './observer/promotion-observer.js';
import { outcomeOf } from './outcome.js';
import type { PermitIssuer } from './permit-issuer.js';
import { PinReader } from './pin-reader.js';
import type { PolicyBook } from './policy-book.js';
import { ProjectedFacts } from './projected-facts.js';
import type {
  CastVoteInput,
  GovernanceOutcome,
  GovernModelInput,
  PromotionCommandInput,
  PromotionOutcome,
  RequestPromotionInput,
} from './records.js';
import type { RegistryWriter } from './registry-writer.js';
import { RequestOpener } from './request-opener.js';
import { lockRequest, readRequest, type LoadedRequest } from './request-rows.js';
import { lockSlot } from './slot.js';

export interface PromotionServiceDeps {
  readonly database: Database;
  readonly ledger: LedgerService;
  readonly entries: LedgerQueries;
  readonly policy: PolicyService;
  readonly roles: PolicyQueries;
  readonly registry: RegistryQueries;
  readonly lineage: LineageQueries;
  readonly permits: PermitIssuer;
  readonly writer: RegistryWriter;
  readonly book: PolicyBook;
  readonly clock: Clock;
  /** How long a command waits for mirror and lineage to catch up with the ledger. Default 2,000 ms. */
  readonly patienceMs?: number;
}

const ACTIONS = {
  vote: 'promotion.approve',
  revoke: 'promotion.approve',
  withdraw: 'promotion.request',
  execute: 'promotion.execute',
} as const;

const COMMAND_NAMES = {
  vote: 'castVote',
  revoke: 'revokeVote',
  withdraw: 'withdrawPromotion',
  execute: 'executePromotion',
} as const;

const PATIENCE_MS = 2_000;

/** Most requests that one sweep expires. */
const SWEEP_MAX = 100;

/**
 * The commands of the promotion workflow. Each is one transaction: the request's row is locked, the facts are read
 * again, casbin decides, the pure reducer decides, rows are written, and the ledger is appended to last. A refused
 * command appends exactly one `promotion.refused`. An id that the tenant does not have throws NOT_FOUND.
 */
export class PromotionService {
  readonly #deps: PromotionServiceDeps;
  readonly #moments: Moments;
  readonly #opener: RequestOpener;
  readonly #facts: ProjectedFacts;
  readonly #writer: CommandWriter;
  readonly #executions: Executions;
  /** Watches what registries report about the requests of this service. */
  readonly observer: Projector;

  constructor(deps: PromotionServiceDeps) {
    const pins = new PinReader(deps.registry, deps.lineage, deps.entries);
    this.#deps = deps;
    this.#moments = new Moments(pins, deps.roles, deps.book, deps.clock);
    this.#facts = new ProjectedFacts(deps.database, deps.entries, deps.patienceMs ?? PATIENCE_MS);
    this.#opener = new RequestOpener({ ...deps, pins });
    this.#writer = new CommandWriter(deps.ledger, deps.permits);
    this.#executions = new Executions(deps);
    this.observer = new PromotionObserver(deps);
  }

  /** Asks to put a version into a target, pinning what is known now. */
  async request(principal: Principal, input: RequestPromotionInput): Promise<PromotionOutcome> {
    // On what is known by then, if need be: whatever comes later is compared at each vote.
    await this.#facts.settled(principal.tenantId);
    return this.#opener.open(principal, input);
  }

  castVote(principal: Principal, input: CastVoteInput): Promise<PromotionOutcome> {
    const { decision, role, rowVersion, comment } = input;
    const voteId = randomUUID();
    const bare = role.startsWith('role:') ? role.slice('role:'.length) : role;
    return this.#command(
      principal,
      input.requestId,
      { kind: 'vote', actor: principal.id, rowVersion, voteId, decision, role: bare },
      comment ?? null,
    );
  }

  /** Takes the caller's own vote back, until execution has begun. */
  revokeVote(principal: Principal, input: PromotionCommandInput): Promise<PromotionOutcome> {
    return this.#plain(principal, 'revoke', input);
  }

  withdraw(principal: Principal, input: PromotionCommandInput): Promise<PromotionOutcome> {
    return this.#plain(principal, 'withdraw', input);
  }

  /**
   * Throws UNAVAILABLE while the mirror lags behind the ledger. Executes an approved request: EXECUTING is committed first, then the registry is called, then the outcome is
   * recorded. A source without an address stays EXECUTING until the change is observed.
   */
  async execute(principal: Principal, input: PromotionCommandInput): Promise<PromotionOutcome> {
    const outcome = await this.#plain(principal, 'execute', input);
    if (outcome.kind !== 'request') return outcome;
    const request = await this.#executions.call(principal.tenantId, input.requestId);
    return { kind: 'request', request };
  }

  /** Puts a model under a policy. What was set before is history, not drift. */
  governModel(principal: Principal, input: GovernModelInput): Promise<GovernanceOutcome> {
    return governModel(this.#deps, principal, input);
  }

  /** Calls the registry for executions whose process died before it could say what became of them. */
  resumeExecutions(tenantId: TenantId): Promise<number> {
    return this.#executions.resume(tenantId);
  }

  /** Expires what is due, each request in a transaction of its own. Returns how many. */
  async expireDue(tenantId: TenantId): Promise<number> {
    const { database, clock } = this.#deps;
    const due = await database.read(tenantId, (tx) =>
      tx.query<{ id: string }>(
        `SELECT id FROM promotion_request
          WHERE tenant_id = $1::uuid AND expires_at <= $2::timestamptz
            AND state IN ('PENDING', 'APPROVED', 'FAILED')
          ORDER BY expires_at LIMIT $3::int`,
        [tx.tenantId, clock.now(), SWEEP_MAX],
      ),
    );
    let expired = 0;
    for (const { id } of due) if (await this.#expire(tenantId, id)) expired += 1;
    return expired;
  }

  #plain(
    principal: Principal,
    kind: 'revoke' | 'withdraw' | 'execute',
    input: PromotionCommandInput,
  ): Promise<PromotionOutcome> {
    const { requestId, rowVersion, reason } = input;
    const command: Command = { kind, actor: principal.id, rowVersion };
    return this.#command(principal, requestId, command, reason ?? null);
  }

  async #command(
    principal: Principal,
    requestId: string,
    command: Command,
    text: string | null,
  ): Promise<PromotionOutcome> {
    const settled = await this.#facts.settled(principal.tenantId);
    if (!settled && command.kind === 'execute') throw catchingUp();
    return this.#deps.database.sqlTransaction(principal.tenantId, async (tx) => {
      const loaded = await lockRequest(tx, requestId);
      if (command.kind === 'execute') await lockSlot(tx, loaded.record);
      return this.#decideAndWrite(tx, principal, loaded, command, text);
    });
  }

  async #decideAndWrite(
    tx: SqlTx,
    principal: Principal,
    loaded: LoadedRequest,
    command: Command,
    text: string | null,
  ): Promise<PromotionOutcome> {
    const { record, state } = loaded;
    const asked: Asked = {
      action: ACTIONS[command.kind],
      object: record.object,
      decision: await this.#deps.policy.decide(tx, {
        subject: principal.id,
        action: ACTIONS[command.kind],
        object: record.object,
      }),
    };
    const moment = await this.#moments.of(tx, record, asked.decision.allowed);
    const reduced = reduce(state, command, moment);
    const frame: CommandFrame = { actor: actorOf(principal), now: moment.now, asked, text };
    const { refusal, next } = reduced;
    const outcome = refusal === null ? null : outcomeOf(refusal, asked.decision);
    const after = { ...record, state: next.state, rowVersion: next.rowVersion };
    const beside =
      outcome === null
        ? []
        : [
            refusedEntry({
              id: randomUUID(),
              command: COMMAND_NAMES[command.kind],
              code: outcome.code,
              message: outcome.message,
              frame,
              request: after,
              asked: {
                source: record.source,
                model: record.model,
                version: record.version,
                target: record.target,
              },
            }),
          ];
    await this.#writer.write({
      tx,
      before: record,
      reduced,
      tier: moment.tier,
      tenantSlug: principal.tenantSlug,
      frame,
      presentDigest: moment.present?.digest ?? null,
      beside,
    });
    const current = await readRequest(tx, record.id);
    if (current === null) throw vanished();
    if (outcome === null) return { kind: 'request', request: current.record };
    return outcome.kind === 'denied' ? outcome : { ...outcome, current: current.record };
  }

  async #expire(tenantId: TenantId, id: string): Promise<boolean> {
    return this.#deps.database.sqlTransaction(tenantId, (tx) => this.#expireLocked(tx, id));
  }

  async #expireLocked(tx: SqlTx, id: string): Promise<boolean> {
    const { record, state } = await lockRequest(tx, id);
    const now = this.#deps.clock.now();
    const reduced = expireWhenDue(state, now);
    if (reduced.events.length === 0) return false;
    const { tier } = this.#moments.ruling(record);
    await this.#writer.write({
      tx,
      before: record,
      reduced,
      tier,
      tenantSlug: '',
      frame: { actor: SYSTEM_ACTOR, now, asked: null, text: null },
      presentDigest: null,
      beside: [],
    });
    return true;
  }
}

/** Nothing is executed on facts that may be out of date. */
function catchingUp(): AppError {
  return new AppError('UNAVAILABLE', {
    publicMessage: 'The mirror of the registry is still catching up with the ledger.',
    hint: 'Try again in a few seconds.',
    details: { retryAfterSeconds: 2 },
  });
}

function vanished(): AppError {
  return new AppError('INTERNAL', { publicMessage: 'The promotion request vanished.' });
}

/** The projector that goes with a service, for the runner. */
export function promotionObserver(service: PromotionService): Projector {
  return service.observer;
}
