import { randomUUID } from 'node:crypto';
import type { SqlTx } from '@countersign/database';
import { subjects, SYSTEM_ACTOR, type EntryDraft } from '@countersign/events';
import type { LedgerService } from '@countersign/ledger';
import type { PromotionTier } from './domain/policy.js';
import type { Reduced, RequestEvent } from './domain/request-state.js';
import { aboutRequest, ownEntry, requestEntry, type CommandFrame } from './entries.js';
import type { PermitIssuer } from './permit-issuer.js';
import { consumeForExecution, insertPermit, voidPermits } from './permit-store.js';
import type { PromotionRequestRecord } from './records.js';

/** How long the process that executes has for its call of the registry before another may resume it. */
export const CALL_LEASE_MS = 60_000;

interface Written {
  readonly tx: SqlTx;
  readonly before: PromotionRequestRecord;
  readonly reduced: Reduced;
  readonly tier: PromotionTier;
  readonly tenantSlug: string;
  readonly frame: CommandFrame;
  readonly presentDigest: string | null;
  /** Entries beside those of the events: the refusal, when there is one. */
  readonly beside: readonly EntryDraft[];
}

/** Writes what a command decided: rows first, then its entries as the last statements of the transaction. */
export class CommandWriter {
  constructor(
    private readonly ledger: LedgerService,
    private readonly permits: PermitIssuer,
  ) {}

  async write(command: Written): Promise<void> {
    const { tx, before, reduced, frame } = command;
    const { events, next } = reduced;
    const drafts: EntryDraft[] = [];
    const after = { ...before, state: next.state, rowVersion: next.rowVersion };
    const executing = events.find((event) => event.kind === 'executing');
    const permitId = permitOf(events, executing);

    for (const event of events) {
      await writeVote(tx, after, event, frame);
      drafts.push(
        requestEntry(event, after, frame, {
          permitId,
          presentDigest: command.presentDigest,
          role: command.tier.quorum.role,
          needed: command.tier.quorum.approvals,
        }),
      );
    }
    const replaced = reduced.next.permit?.jti ?? null;
    if (events.length > 0) {
      await updateRequest(tx, after, executing === undefined ? null : frame);
      // A request that is pending has no permit to lose.
      if (before.state !== 'PENDING') {
        drafts.push(...(await this.voided(tx, after, events, executing, frame)));
      }
    }
    if (executing?.permit !== undefined && executing.permit !== null) {
      const { permit } = executing;
      const retry = before.state === 'FAILED';
      await consumeForExecution(tx, { jti: permit, by: frame.actor.id, now: frame.now, retry });
    }

    const all = [...drafts, ...command.beside];
    if (all.length === 0) return;
    const results = await this.ledger.appendInTx(tx, all);
    const grounds = events.findIndex((event) => isGrounds(event));
    const result = results[grounds];
    if (grounds === -1 || result === undefined) return;
    if (executing !== undefined) await noteExecuting(tx, before.id, result.sequence);
    if (permitId === null || executing?.permit === permitId) return;
    await this.issue(command, after, permitId, result, executing === undefined ? null : replaced);
  }

  /** Signs the permit that an approval (or an execution after the last permit lapsed) stands for. */
  private async issue(
    command: Written,
    request: PromotionRequestRecord,
    jti: string,
    grounds: { sequence: bigint; leafHash: Uint8Array },
    replaces: string | null,
  ): Promise<void> {
    const { tx, frame, tier } = command;
    const issuedAt = wholeSeconds(frame.now);
    const expiresAt = new Date(issuedAt.getTime() + tier.permitTtlSeconds * 1000);
    const issued = await this.permits.issue({
      jti,
      requestId: request.id,
      tenantId: tx.tenantId,
      tenantSlug: command.tenantSlug,
      pin: request.pin,
      pinDigest: request.pinDigest,
      ledgerSequence: grounds.sequence,
      ledgerHead: Buffer.from(grounds.leafHash).toString('hex'),
      issuedAt,
      expiresAt,
    });
    const sinceSequence = grounds.sequence;
    await insertPermit(tx, {
      jti,
      requestId: request.id,
      sinceSequence,
      issuedAt,
      expiresAt,
      issued,
    });
    if (request.state === 'EXECUTING') {
      await consumeForExecution(tx, { jti, by: frame.actor.id, now: frame.now, retry: false });
    }
    await this.ledger.appendInTx(tx, [
      ownEntry({
        type: 'permit.issued',
        subject: subjects.request(request.id),
        actor: SYSTEM_ACTOR,
        now: frame.now,
        delivery: `permit:${jti}:issued`,
        data: {
          ...aboutRequest(request),
          permitId: jti,
          tokenSha256: issued.tokenSha256,
          keyId: issued.keyId,
          issuedAt: issuedAt.toISOString(),
          expiresAt: expiresAt.toISOString(),
          replaces,
        },
      }),
    ]);
  }

  /** A permit dies with the approval that it stands for, and when a fresh one takes its place. */
  private async voided(
    tx: SqlTx,
    request: PromotionRequestRecord,
    events: readonly RequestEvent[],
    executing: Extract<RequestEvent, { kind: 'executing' }> | undefined,
    frame: CommandFrame,
  ): Promise<EntryDraft[]> {
    const lost = request.state !== 'APPROVED' && request.state !== 'EXECUTING';
    const lapsed = executing?.permit === null;
    if (!lost && !lapsed) return [];
    const cause = lapsed ? 'lapsed' : (events.at(-1)?.kind ?? request.state);
    const ids = await voidPermits(tx, request.id, frame.now);
    return ids.map((permitId) =>
      ownEntry({
        type: 'permit.voided',
        subject: subjects.request(request.id),
        actor: SYSTEM_ACTOR,
        now: frame.now,
        delivery: `permit:${permitId}:voided`,
        data: { ...aboutRequest(request), permitId, cause },
      }),
    );
  }
}

/** The permit that the events are about: a new one on approval, the given or a new one on execution. */
function permitOf(
  events: readonly RequestEvent[],
  executing: Extract<RequestEvent, { kind: 'executing' }> | undefined,
): string | null {
  if (executing !== undefined) return executing.permit ?? randomUUID();
  return events.some((event) => event.kind === 'approved') ? randomUUID() : null;
}

function isGrounds(event: RequestEvent): boolean {
  return event.kind === 'approved' || event.kind === 'executing';
}

async function writeVote(
  tx: SqlTx,
  after: PromotionRequestRecord,
  event: RequestEvent,
  frame: CommandFrame,
): Promise<void> {
  if (event.kind === 'vote_cast') {
    const { vote } = event;
    await tx.query(
      `INSERT INTO promotion_vote (tenant_id, id, request_id, actor_id, decision, role, row_version, pin_digest, cast_at)
       VALUES ($1::uuid, $2::uuid, $3::uuid, $4, $5, $6, $7::int, $8, $9::timestamptz)`,
      [
        tx.tenantId,
        vote.id,
        after.id,
        vote.actor,
        vote.decision,
        vote.role,
        after.rowVersion,
        vote.pinDigest,
        frame.now,
      ],
    );
  }
  if (event.kind === 'vote_revoked') {
    await tx.query(
      `UPDATE promotion_vote SET revoked_at = $3::timestamptz WHERE tenant_id = $1::uuid AND id = $2::uuid`,
      [tx.tenantId, event.voteId, frame.now],
    );
  }
}

async function updateRequest(
  tx: SqlTx,
  after: PromotionRequestRecord,
  executing: CommandFrame | null,
): Promise<void> {
  const callDueAfter =
    executing === null ? null : new Date(executing.now.getTime() + CALL_LEASE_MS);
  await tx.query(
    `UPDATE promotion_request
        SET state = $3, row_version = $4::int, call_due_after = $5::timestamptz,
            executed_by = coalesce($6, executed_by)
      WHERE tenant_id = $1::uuid AND id = $2::uuid`,
    [
      tx.tenantId,
      after.id,
      after.state,
      after.rowVersion,
      callDueAfter,
      executing?.actor.id ?? null,
    ],
  );
}

async function noteExecuting(tx: SqlTx, id: string, sequence: bigint): Promise<void> {
  await tx.query(
    `UPDATE promotion_request SET executing_sequence = $3::bigint WHERE tenant_id = $1::uuid AND id = $2::uuid`,
    [tx.tenantId, id, sequence],
  );
}

function wholeSeconds(instant: Date): Date {
  return new Date(Math.floor(instant.getTime() / 1000) * 1000);
}
