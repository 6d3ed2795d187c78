import type { SqlTx } from '@countersign/database';
import {
  subjects,
  SYSTEM_ACTOR,
  UNKNOWN_ACTOR,
  type ActorRef,
  type EntryDraft,
} from '@countersign/events';
import type { EntryRecord, LedgerQueries, LedgerService, Projector } from '@countersign/ledger';
import type { LineageQueries } from '@countersign/lineage';
import type { RegistryQueries } from '@countersign/registry';
import { judge, type Judgement } from '../domain/observe.js';
import { isEnforced, tierOf } from '../domain/policy.js';
import { ownEntry } from '../entries.js';
import { governanceOf } from '../governance.js';
import { PinReader, type Holding } from '../pin-reader.js';
import type { PolicyBook } from '../policy-book.js';
import type { GovernanceRecord } from '../records.js';
import { findCover, knownCover, type Cover } from './cover.js';
import { reportOf, TARGET_TYPES, type Report } from './reported-targets.js';
import {
  acceptPresent,
  driftId,
  keepDrift,
  keepTarget,
  resolveDrift,
  targetsOf,
  unseenTarget,
  type TargetKey,
  type TargetRow,
} from './target-rows.js';

export interface PromotionObserverDeps {
  readonly ledger: LedgerService;
  readonly entries: LedgerQueries;
  readonly registry: RegistryQueries;
  readonly lineage: LineageQueries;
  readonly book: PolicyBook;
}

/** One change of one target, with everything known about it. */
interface Seen {
  readonly key: TargetKey;
  readonly before: TargetRow;
  readonly holdings: readonly Holding[];
  readonly gained: string | null;
  readonly entry: EntryRecord;
}

/**
 * Watches what registries report: sees approved changes take place (VERIFIED) and finds those that nobody approved
 * (drift). Its rows are a projection and can be made anew; what it does beside (moving requests, appending entries)
 * it does once per entry, kept by a mark that a rebuild leaves alone.
 */
export class PromotionObserver implements Projector {
  readonly name = 'promotion-observer';
  readonly after = ['registry'];
  readonly types = [...TARGET_TYPES, 'governance.started'];
  readonly #pins: PinReader;

  constructor(private readonly deps: PromotionObserverDeps) {
    this.#pins = new PinReader(deps.registry, deps.lineage, deps.entries);
  }

  async apply(tx: SqlTx, entries: readonly EntryRecord[]): Promise<void> {
    const mark = await readMark(tx);
    const drafts: EntryDraft[] = [];
    for (const entry of entries) {
      const acting = entry.sequence > mark;
      const made = await this.#applyOne(tx, entry, acting);
      if (acting) drafts.push(...made);
    }
    const last = entries.at(-1);
    if (last !== undefined && last.sequence > mark) await moveMark(tx, last.sequence);
    if (drafts.length > 0) await this.deps.ledger.appendInTx(tx, drafts);
  }

  async clear(tx: SqlTx): Promise<void> {
    await tx.query('DELETE FROM drift WHERE tenant_id = $1::uuid', [tx.tenantId]);
    await tx.query('DELETE FROM promotion_target WHERE tenant_id = $1::uuid', [tx.tenantId]);
  }

  async #applyOne(tx: SqlTx, entry: EntryRecord, acting: boolean): Promise<EntryDraft[]> {
    if (entry.type === 'governance.started') {
      await this.#startGovernance(tx, entry);
      return [];
    }
    const report = reportOf(entry);
    if (report === null) return [];
    const { source } = entry;
    const rows = await targetsOf(tx, source, report.model);
    const governance = await governanceOf(tx, source, report.model);
    const cover = await this.#coverOf(tx, entry, report, acting);
    const drafts: EntryDraft[] = [...(cover?.drafts ?? [])];
    for (const target of affected(report, rows)) {
      const key = { source, model: report.model, target };
      const holdings = await this.#pins.holdings(tx, { ...key, knownAtSequence: entry.sequence });
      const held = holdings.some((holding) => holding.version === report.version);
      const gained = held && report.targets.includes(target) ? report.version : null;
      const before = rows.get(target) ?? unseenTarget();
      const seen: Seen = { key, before, holdings, gained, entry };
      drafts.push(...(await this.#judge(tx, seen, report, cover, governance)));
    }
    return drafts;
  }

  /** Only the first `governance.started` of a model makes what stands the approved state. */
  async #startGovernance(tx: SqlTx, entry: EntryRecord): Promise<void> {
    const data = entry.payload['data'] as { source: string; model: string };
    const governance = await governanceOf(tx, data.source, data.model);
    if (governance?.sinceSequence === entry.sequence) {
      await acceptPresent(tx, data.source, data.model);
    }
  }

  async #coverOf(
    tx: SqlTx,
    entry: EntryRecord,
    report: Report,
    acting: boolean,
  ): Promise<Cover | null> {
    const known = await knownCover(tx, entry.sequence);
    if (known !== null || !acting || report.version === null || report.sideEffect) return known;
    for (const target of report.targets) {
      const key = { source: entry.source, model: report.model, target };
      const holders = await this.#pins.holders(tx, { ...key, knownAtSequence: entry.sequence });
      // A late report of an older move shows nothing that holds.
      if (!holders.includes(report.version)) continue;
      const cover = await findCover(tx, this.deps.registry, key, report.version, entry);
      if (cover !== null) return cover;
    }
    return null;
  }

  async #judge(
    tx: SqlTx,
    seen: Seen,
    report: Report,
    cover: Cover | null,
    governance: GovernanceRecord | null,
  ): Promise<EntryDraft[]> {
    const { before, entry, key } = seen;
    const observed = seen.holdings.map((holding) => holding.version);
    const governed =
      governance !== null &&
      entry.sequence > governance.sinceSequence &&
      isEnforced(this.deps.book.find(governance.policy), key.target);
    const { judgement, after } = judge(
      before,
      { target: key.target, observed, gained: seen.gained, sideEffect: report.sideEffect },
      { covered: cover !== null, governed },
    );
    const id = before.driftId ?? driftId(tx.tenantId, key, entry.sequence);
    const approvedRequest =
      judgement.kind === 'approved' ? (cover?.requestId ?? null) : before.approvedRequest;
    await keepTarget(
      tx,
      key,
      {
        ...after,
        approvedRequest,
        driftId: after.drifting ? id : null,
        observedAt: entry.recordedAt,
      },
      { sequence: entry.sequence, at: entry.recordedAt },
    );
    return this.#record(tx, seen, {
      judgement,
      id,
      observed,
      approved: after.approved,
      governance,
    });
  }

  async #record(
    tx: SqlTx,
    seen: Seen,
    found: {
      judgement: Judgement;
      id: string;
      observed: readonly string[];
      approved: readonly string[];
      governance: GovernanceRecord | null;
    },
  ): Promise<EntryDraft[]> {
    const { entry, key } = seen;
    const { judgement, id } = found;
    const draft = (
      type: 'drift.detected' | 'drift.resolved',
      data: EntryDraft['data'],
    ): EntryDraft =>
      ownEntry({
        type,
        subject: subjects.model(key.model),
        actor: SYSTEM_ACTOR,
        now: entry.recordedAt,
        delivery: `${type}:${entry.sequence}:${key.target}`,
        data: { driftId: id, ...key, cause: String(entry.sequence), ...data },
      });
    const actor = actorOf(entry);
    if (judgement.kind === 'resolved' || (judgement.kind === 'approved' && judgement.resolves)) {
      await resolveDrift(tx, id, entry.sequence);
      const how = judgement.kind === 'resolved' ? 'returned' : 'approved';
      return [draft('drift.resolved', { approved: found.approved, how, actor })];
    }
    if (judgement.kind !== 'drift') return [];
    const { earliest, latest } = interval(seen);
    const severity = this.#severity(found.governance, key.target);
    await keepDrift(tx, {
      ...key,
      id,
      kind: judgement.drift,
      approved: found.approved,
      observed: found.observed,
      severity,
      earliest,
      latest,
      actor: actor.id,
      causeSequence: entry.sequence,
    });
    return [
      draft('drift.detected', {
        kind: judgement.drift,
        from: found.approved[0] ?? null,
        to: seen.gained,
        approved: found.approved,
        observed: found.observed,
        interval: {
          earliest: earliest?.toISOString() ?? null,
          latest: latest.toISOString(),
        },
        actor,
        severity,
      }),
    ];
  }

  #severity(governance: GovernanceRecord | null, target: string): string {
    const policy = governance === null ? null : this.deps.book.find(governance.policy);
    const tier = policy === null ? null : tierOf(policy, target);
    return tier?.driftSeverity ?? 'high';
  }
}

/** Who made the change. Whoever read a state back has seen it, not made it. */
function actorOf({ actor, type }: EntryRecord): Pick<ActorRef, 'id' | 'basis'> {
  const { id, basis } = type === 'model_version.observed' ? UNKNOWN_ACTOR : actor;
  return { id, basis };
}

/** Named targets first, then those that the entry may have emptied without naming them. */
function affected(report: Report, rows: ReadonlyMap<string, TargetRow>): string[] {
  const known = [...rows.keys()].filter(
    (target) =>
      report.alsoOf === 'all' || (report.alsoOf === 'stage:' && target.startsWith('stage:')),
  );
  return [...new Set([...report.targets, ...known])];
}

/** An event has an instant. A state that was read lies between the last look and this one. */
function interval({ holdings, gained, entry, before }: Seen): {
  earliest: Date | null;
  latest: Date;
} {
  const placed = holdings.find((holding) => holding.version === gained)?.placement.from;
  if (placed !== undefined) return { earliest: placed.earliest, latest: placed.latest };
  const read = entry.type === 'model_version.observed';
  return { earliest: read ? before.observedAt : entry.occurredAt, latest: entry.occurredAt };
}

async function readMark(tx: SqlTx): Promise<bigint> {
  const [row] = await tx.query<{ sequence: bigint }>(
    'SELECT sequence FROM promotion_observer_mark WHERE tenant_id = $1::uuid',
    [tx.tenantId],
  );
  return row?.sequence ?? -1n;
}

async function moveMark(tx: SqlTx, sequence: bigint): Promise<void> {
  await tx.query(
    `INSERT INTO promotion_observer_mark (tenant_id, sequence) VALUES ($1::uuid, $2::bigint)
     ON CONFLICT (tenant_id) DO UPDATE SET sequence = excluded.sequence`,
    [tx.tenantId, sequence],
  );
}
