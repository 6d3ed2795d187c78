import type { SqlTx } from '@countersign/database';
import {
  decodeCursor,
  encodeCursor,
  pageSize,
  type Clock,
  type Page,
  type PageRequest,
} from '@countersign/kernel';
import { dataText, entriesByDelivery, type LedgerQueries } from '@countersign/ledger';
import type { LineageQueries } from '@countersign/lineage';
import type { PolicyQueries, PolicyService } from '@countersign/policy';
import type { RegistryQueries } from '@countersign/registry';
import { OWN_SOURCE } from './entries.js';
import { eligibilityOf, requirementsOf } from './domain/standing.js';
import type { PromotionState } from './domain/states.js';
import { driftPage, isGiven } from './drift-page.js';
import { governanceOf } from './governance.js';
import { Moments } from './moments.js';
import { newestPermit } from './permit-store.js';
import { PinReader } from './pin-reader.js';
import type { PolicyBook } from './policy-book.js';
import type {
  DriftRecord,
  Eligibility,
  GateResult,
  GovernanceRecord,
  PermitRecord,
  PromotionRequestRecord,
  Requirement,
} from './records.js';
import {
  readRequest,
  REQUEST_COLUMNS,
  unknownRequest,
  withVotes,
  type LoadedRequest,
} from './request-rows.js';

export interface PromotionQueriesDeps {
  readonly entries: LedgerQueries;
  readonly policy: PolicyService;
  readonly roles: PolicyQueries;
  readonly registry: RegistryQueries;
  readonly lineage: LineageQueries;
  readonly book: PolicyBook;
  readonly clock: Clock;
}

export interface RequestFilter {
  readonly states?: readonly PromotionState[] | null | undefined;
  readonly model?: string | null | undefined;
  /** A principal's id: only requests on which that person could vote now. */
  readonly awaiting?: string | null | undefined;
}

type ForwardPage = Pick<PageRequest, 'first' | 'after'>;

interface ListedRow {
  id: string;
  object: string;
  created_at: Date;
}

/** Reads of promotions. Whether the caller may see them is decided before (`promotion.read`). */
export class PromotionQueries {
  readonly #deps: PromotionQueriesDeps;
  readonly #moments: Moments;

  constructor(deps: PromotionQueriesDeps) {
    this.#deps = deps;
    const pins = new PinReader(deps.registry, deps.lineage, deps.entries);
    this.#moments = new Moments(pins, deps.roles, deps.book, deps.clock);
  }

  /** Null when this tenant has no such request. */
  async request(tx: SqlTx, id: string): Promise<PromotionRequestRecord | null> {
    return (await readRequest(tx, id))?.record ?? null;
  }

  /** Newest first. */
  async requests(
    tx: SqlTx,
    filter: RequestFilter,
    page: ForwardPage,
  ): Promise<Page<PromotionRequestRecord>> {
    const size = pageSize(page.first);
    const voter = filter.awaiting ?? null;
    const objects = voter === null ? null : await this.#objectsFor(tx, voter);
    const [createdAt = null, id = null] = isGiven(page.after) ? decodeCursor(page.after, 2) : [];
    const rows = await tx.query<ListedRow>(
      `SELECT ${REQUEST_COLUMNS} FROM promotion_request r
        WHERE r.tenant_id = $1::uuid
          AND ($2::text[] IS NULL OR r.state = ANY($2::text[]))
          AND ($3::text IS NULL OR r.model = $3)
          AND ($4::timestamptz IS NULL OR (r.created_at, r.id) < ($4::timestamptz, $5::uuid))
          AND ($6::text IS NULL OR (${AWAITING}))
        ORDER BY r.created_at DESC, r.id DESC LIMIT $9::int`,
      [
        tx.tenantId,
        filter.states ?? null,
        filter.model ?? null,
        createdAt,
        id,
        voter,
        objects,
        this.#deps.clock.now(),
        size + 1,
      ],
    );
    const records = await withVotes(tx, rows.slice(0, size));
    return {
      edges: records.map((node) => ({
        cursor: encodeCursor([node.createdAt.toISOString(), node.id]),
        node,
      })),
      hasNextPage: rows.length > size,
      hasPreviousPage: isGiven(page.after),
    };
  }

  /** What people wrote in the entries of these deliveries: reason of a request, comment of a vote. Erased: missing. */
  async texts(tx: SqlTx, deliveries: readonly string[]): Promise<Map<string, string>> {
    const found = await entriesByDelivery(tx, this.#deps.entries, OWN_SOURCE, deliveries);
    const texts = [...found].map(([delivery, entry]) => {
      const field = entry.type === 'promotion.vote_cast' ? 'comment' : 'reason';
      return [delivery, dataText(entry, field)] as const;
    });
    return new Map(texts.flatMap(([delivery, text]) => (text === null ? [] : [[delivery, text]])));
  }

  /** What the policy asks of the request, and how far it is. */
  async requirements(tx: SqlTx, request: PromotionRequestRecord): Promise<Requirement[]> {
    const loaded = await this.#loaded(tx, request);
    return requirementsOf(loaded.state, await this.#moments.of(tx, loaded.record, true));
  }

  /** Checks by machine: the built-in policy has none. */
  gates(_tx: SqlTx, _request: PromotionRequestRecord): Promise<GateResult[]> {
    return Promise.resolve([]);
  }

  /** Whether this principal could vote now, in which roles, or every reason why not. */
  async eligibility(
    tx: SqlTx,
    request: PromotionRequestRecord,
    principal: { readonly id: string },
  ): Promise<Eligibility> {
    const loaded = await this.#loaded(tx, request);
    const decision = await this.#deps.policy.preview(tx, {
      subject: principal.id,
      action: 'promotion.approve',
      object: loaded.record.object,
    });
    const moment = await this.#moments.of(tx, loaded.record, decision.allowed);
    return eligibilityOf(loaded.state, principal.id, moment);
  }

  /** The newest permit; its token only while it can be used. For whoever may execute the request. */
  permit(tx: SqlTx, requestId: string): Promise<PermitRecord | null> {
    return newestPermit(tx, requestId, this.#deps.clock.now());
  }

  /** Newest first; `open`: only those that were not put right. */
  drifts(
    tx: SqlTx,
    filter: {
      readonly model?: string | null | undefined;
      readonly open?: boolean | null | undefined;
    },
    page: ForwardPage,
  ): Promise<Page<DriftRecord>> {
    return driftPage(tx, filter, page);
  }

  /** The policy that a model is under; null when it is under none. */
  governance(tx: SqlTx, source: string, model: string): Promise<GovernanceRecord | null> {
    return governanceOf(tx, source, model);
  }

  /** The request that led to an observed change, by the sequence of the entry that showed it. */
  async requestsByCause(
    tx: SqlTx,
    sequences: readonly bigint[],
  ): Promise<Map<bigint, PromotionRequestRecord>> {
    const covers = await tx.query<{ sequence: bigint; request_id: string }>(
      `SELECT sequence, request_id FROM promotion_cover
        WHERE tenant_id = $1::uuid AND sequence = ANY($2::bigint[])`,
      [tx.tenantId, sequences],
    );
    const rows = await tx.query(
      `SELECT ${REQUEST_COLUMNS} FROM promotion_request r
        WHERE r.tenant_id = $1::uuid AND r.id = ANY($2::uuid[])`,
      [tx.tenantId, covers.map((cover) => cover.request_id)],
    );
    const byId = new Map((await withVotes(tx, rows)).map((record) => [record.id, record]));
    return new Map(
      covers.flatMap(({ sequence, request_id }) => {
        const record = byId.get(request_id);
        return record === undefined ? [] : [[sequence, record] as const];
      }),
    );
  }

  async #loaded(tx: SqlTx, request: PromotionRequestRecord): Promise<LoadedRequest> {
    const loaded = await readRequest(tx, request.id);
    if (loaded === null) throw unknownRequest();
    return loaded;
  }

  /** Objects of pending requests on which the person holds the role that the request's policy counts. */
  async #objectsFor(tx: SqlTx, voter: string): Promise<string[]> {
    const pending = await tx.query<{ object: string; policy: string; target: string }>(
      `SELECT DISTINCT object, policy, target FROM promotion_request r
        WHERE r.tenant_id = $1::uuid AND r.state = 'PENDING' AND r.requested_by <> $2`,
      [tx.tenantId, voter],
    );
    const held: string[] = [];
    for (const { object, policy, target } of pending) {
      const { tier } = this.#moments.ruling({ policy, target });
      const roles = await this.#deps.roles.rolesOf(tx, voter, object);
      if (roles.includes(tier.quorum.role)) held.push(object);
    }
    return held;
  }
}

/** What makes a request wait for the person $6, who holds the role on the objects $7. */
const AWAITING = `r.state = 'PENDING' AND r.expires_at > $8::timestamptz AND r.requested_by <> $6
  AND r.registrant IS DISTINCT FROM $6 AND r.object = ANY($7::text[])
  AND NOT EXISTS (SELECT 1 FROM promotion_vote v WHERE v.tenant_id = $1::uuid AND v.request_id = r.id
    AND v.actor_id = $6 AND v.revoked_at IS NULL)`;
