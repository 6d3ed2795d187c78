import { canonicalText } from '@countersign/chain';
import type { EntryRecord } from '@countersign/ledger';
import { dateMicros } from '../domain/event-time.js';
import type { RunFacts } from '../domain/facts.js';
import { textAt } from '../domain/json-reading.js';
import { mentionedNodes } from '../domain/mentioned.js';
import { addStatement, readModelVersion } from '../domain/model-version.js';
import { jobNode, trackingRunNode, type NodeRef } from '../domain/node-ref.js';
import { parseRunEvent, type DatasetMention } from '../domain/run-event.js';
import { onlyReads } from '../domain/run-edges.js';
import { addEvent } from '../domain/run-facts.js';
import type { Claim } from '../domain/rules.js';
import { parseStaticEvent } from '../domain/static-event.js';
import { aliasTopic, loggedModelAlias, nodeTopic, versionTopic } from '../domain/topics.js';
import { readTrackingRun } from '../domain/tracking-run.js';
import type { UnitDeriver } from './derive-unit.js';
import { outputRow } from '../domain/write-units.js';
import { claimsOf } from './run-store.js';
import { unitKey, unitOfKey, type Unit } from './unit.js';

/**
 * Applies one entry: adds its facts, finds the units that they change, and derives those again. The graph after an
 * entry depends on the entries up to it and on nothing else, so batches of any size end in the same rows.
 */
export class EntrySteps {
  readonly #units = new Map<string, Unit>();

  constructor(readonly deriver: UnitDeriver) {}

  /** Reads what the entries of a batch will ask for, at once. */
  async prefetch(entries: readonly EntryRecord[]): Promise<void> {
    const runIds = entries.flatMap((entry) => {
      const runId = textAt(entry.payload, 'data', 'runId');
      return entry.type === 'lineage.run_event' && runId !== null ? [runId] : [];
    });
    await this.deriver.runs.prefetch(runIds);
  }

  async apply(entry: EntryRecord): Promise<void> {
    this.#units.clear();
    switch (entry.type) {
      case 'lineage.run_event':
        await this.#runEvent(entry);
        break;
      case 'lineage.static_event':
        await this.#staticEvent(entry);
        break;
      case 'run.observed':
        await this.#trackingRun(entry);
        break;
      default:
        await this.#modelVersion(entry);
    }
    for (const key of [...this.#units.keys()].sort()) {
      const unit = this.#units.get(key);
      if (unit === undefined) continue;
      await this.deriver.graph.replace(key, await this.deriver.derive(unit), entry.sequence);
    }
  }

  async #runEvent(entry: EntryRecord): Promise<void> {
    const event = entry.evidence === null ? null : parseRunEvent(entry.evidence.bytes);
    if (event === null) return;
    await this.#mention([...event.inputs, ...event.outputs], entry.sequence, [jobNode(event.job)]);
    const { runs, rules } = this.deriver;
    const before = await runs.run(event.runId);
    const after = addEvent(before, event, event.at ?? dateMicros(entry.occurredAt), rules);
    if (before !== null && canonicalText(before) === canonicalText(after)) return;
    await this.#touchClaims(before, before);
    await runs.save(after);
    await runs.saveClaims(before, after, entry.sequence);
    await this.#touchClaims(before, after);
    if (before !== null && movedInTime(before, after)) await this.#touchWrites(before);
    await this.#touchWrites(after);
    for (const run of before === null ? [after] : [before, after]) {
      if (!onlyReads(run)) continue;
      this.#touch({ kind: 'read', runId: run.runId });
      await this.#touchTraining(run);
    }
  }

  async #staticEvent(entry: EntryRecord): Promise<void> {
    const event = entry.evidence === null ? null : parseStaticEvent(entry.evidence.bytes);
    if (event === null) return;
    const nodes = event.job === null ? [] : [jobNode(event.job)];
    await this.#mention(event.datasets, entry.sequence, nodes);
  }

  async #trackingRun(entry: EntryRecord): Promise<void> {
    const data = entry.payload['data'] ?? null;
    const run = readTrackingRun(entry.source, data, dateMicros(entry.recordedAt));
    if (run === null) return;
    const { graph, tracking } = this.deriver;
    const self = trackingRunNode(run.source, run.runId);
    await graph.ensureNodes([self], entry.sequence);
    await tracking.saveRun(run);
    const models = run.modelOutputs.map((id) => loggedModelAlias(run.source, id));
    const added = await graph.addAliases(
      models.map((alias) => ({ alias, urn: self.urn })),
      entry.sequence,
    );
    this.#touch({ kind: 'training', source: run.source, runId: run.runId });
    await this.#comeUp(added.map(aliasTopic));
  }

  async #modelVersion(entry: EntryRecord): Promise<void> {
    const said = readModelVersion(entry.source, entry.payload['data'] ?? null);
    if (said === null) return;
    const { tracking } = this.deriver;
    const before = await tracking.modelVersion(said.source, said.model, said.version);
    await tracking.saveModelVersion(addStatement(before, said));
    const { source, model, version } = said;
    this.#touch({ kind: 'model-version', source, model, version });
  }

  async #mention(
    mentions: readonly DatasetMention[],
    sequence: bigint,
    others: readonly NodeRef[],
  ): Promise<void> {
    const { graph, rules } = this.deriver;
    const named = mentionedNodes(mentions, rules);
    const created = await graph.ensureNodes([...others, ...named.nodes], sequence);
    const aliases = await graph.addAliases(named.aliases, sequence);
    await this.#comeUp([
      ...created.map((node) => nodeTopic(node.urn)),
      ...created.flatMap((node) =>
        node.kind === 'DATASET_VERSION' && node.container !== null
          ? [versionTopic(node.container)]
          : [],
      ),
      ...aliases.map(aliasTopic),
    ]);
  }

  /** Wakes the units that wait for these topics, and the training runs that depend on a reader among them. */
  async #comeUp(topics: readonly string[]): Promise<void> {
    for (const key of await this.deriver.graph.interested(topics)) {
      const unit = unitOfKey(key);
      this.#touch(unit);
      if (unit.kind !== 'read') continue;
      const run = await this.deriver.runs.run(unit.runId);
      if (run !== null) await this.#touchTraining(run);
    }
  }

  async #touchWrites(run: RunFacts): Promise<void> {
    for (const { dataset } of run.outputs) await this.#touchWriters(dataset, run);
  }

  async #touchWriters(dataset: string, run: RunFacts): Promise<void> {
    for (const { runId } of await this.deriver.writersAround(dataset, run)) {
      this.#touch({ kind: 'write', dataset, runId });
    }
  }

  /** Everyone who claims a version that the run claims, and whoever continues from it. */
  async #touchClaims(before: RunFacts | null, run: RunFacts | null): Promise<void> {
    const { runs } = this.deriver;
    const stated = new Map(
      [...claimsOf(before), ...claimsOf(run)].map((c) => [`${c.dataset} ${c.version}`, c]),
    );
    for (const { dataset, version } of stated.values()) {
      const claims = await runs.claims(dataset, [version]);
      const affected: Claim[] = [...claims];
      for (const claim of claims) {
        const next = await runs.neighbour(dataset, claim, 'after');
        if (next !== null) affected.push(next);
      }
      const facts = await runs.runs([...new Set(affected.map((claim) => claim.runId))]);
      for (const claimant of facts.values()) await this.#touchWriters(dataset, claimant);
    }
  }

  /** Training runs that may have read through this run. */
  async #touchTraining(run: RunFacts): Promise<void> {
    if (!onlyReads(run)) return;
    const { graph, tracking } = this.deriver;
    const joined = await tracking.joinedTo({
      runIds: present(run.trackingRunId),
      uuids: [...present(run.parentRunId), ...present(run.rootRunId)],
      applicationIds: present(run.applicationId),
    });
    const datasets = [...new Set(run.inputs.map((input) => input.dataset))];
    const names = [...datasets, ...(await graph.aliasesOf(datasets))];
    const looking = await tracking.lookingFor(names, run.completedAt ?? 0);
    for (const key of [...joined, ...looking]) this.#touch({ kind: 'training', ...key });
  }

  #touch(unit: Unit): void {
    this.#units.set(unitKey(unit), unit);
  }
}

/** True when the run may belong to another write than before. */
function movedInTime(before: RunFacts, after: RunFacts): boolean {
  const place = (run: RunFacts): string => JSON.stringify([outputRow(run), run.parentRunId]);
  return place(before) !== place(after);
}

function present(value: string | null): string[] {
  return value === null ? [] : [value];
}
