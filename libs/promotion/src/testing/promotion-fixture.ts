import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from '@countersign/database';
import type { EntryDraft } from '@countersign/events';
import type { Principal } from '@countersign/identity';
import { fixedClock, type TenantId } from '@countersign/kernel';
import {
  LedgerQueries,
  LedgerService,
  ProjectionRunner,
  readCursor,
  type EntryRecord,
} from '@countersign/ledger';
import { lineageProjector, LineageQueries } from '@countersign/lineage';
import { loadPolicyFiles, PolicyQueries, PolicyService } from '@countersign/policy';
import { registryProjector, RegistryQueries } from '@countersign/registry';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { PermitIssuer } from '../permit-issuer.js';
import { PolicyBook } from '../policy-book.js';
import { PromotionQueries } from '../promotion.queries.js';
import { promotionObserver, PromotionService } from '../promotion.service.js';
import type { PromotionOutcome, PromotionRequestRecord } from '../records.js';
import type { RegistryChange, RegistryWriter, RegistryWriteResult } from '../registry-writer.js';
import { testVault } from '../../../../test/support/vault.js';

export const START = new Date('2026-11-21T10:00:00.000Z');
export const MODEL = 'card-fraud';
export const SOURCE = 'mlflow/demo';
export const TARGET = 'alias:champion';
const POLICIES = join(process.cwd(), 'policies');

export type People = Record<
  'mona' | 'abel' | 'beth' | 'cleo' | 'ana' | 'tara' | 'robot',
  Principal
>;

const ROLES: Readonly<Record<keyof People, string>> = {
  mona: 'model-owner',
  abel: 'approver',
  beth: 'approver',
  cleo: 'approver',
  ana: 'auditor',
  tara: 'tenant-admin',
  robot: 'approver',
};

/** A registry that answers what the test says, and keeps what it was asked. */
export class ScriptedWriter implements RegistryWriter {
  readonly changes: RegistryChange[] = [];
  answer: (change: RegistryChange) => Promise<RegistryWriteResult> = () =>
    Promise.resolve({ outcome: 'not_connected' });

  apply(change: RegistryChange): Promise<RegistryWriteResult> {
    this.changes.push(change);
    return this.answer(change);
  }
}

/** Everything that promotions stand on, for real: database, ledger, mirror, lineage, access. Only the registry is scripted. */
export class PromotionFixture {
  readonly clock = fixedClock(START);
  readonly writer = new ScriptedWriter();
  readonly files = loadPolicyFiles(POLICIES);
  readonly entries = new LedgerQueries({ vault: testVault() });
  readonly registry = new RegistryQueries({ vault: testVault() });
  readonly lineage = new LineageQueries({ cursor: (tx) => readCursor(tx, lineageProjector.name) });
  readonly ledger: LedgerService;
  readonly policy: PolicyService;
  readonly roles: PolicyQueries;
  readonly service: PromotionService;
  readonly queries: PromotionQueries;
  readonly runner: ProjectionRunner;
  #tenants = 0;

  private constructor(
    readonly test: TestDatabase,
    readonly folder: string,
    readonly permits: PermitIssuer,
    readonly book: PolicyBook,
  ) {
    const { database } = test;
    const { clock, files } = this;
    this.ledger = new LedgerService({ vault: testVault(), database, clock });
    this.policy = new PolicyService({ database, ledger: this.ledger, clock, files });
    this.roles = new PolicyQueries(files, clock);
    this.service = this.serviceOn(database);
    this.queries = new PromotionQueries(this);
    this.runner = new ProjectionRunner({
      database,
      queries: this.entries,
      ledger: this.ledger,
      clock,
      projectors: [registryProjector, lineageProjector, promotionObserver(this.service)],
      tenants: () => Promise.resolve([]),
    });
  }

  static async open(): Promise<PromotionFixture> {
    const test = await createTestDatabase();
    const folder = await mkdtemp(join(tmpdir(), 'promotion-'));
    const permits = await PermitIssuer.open({
      keyFile: join(folder, 'keys', 'permit.jwk'),
      issuer: 'http://localhost:4000',
    });
    const book = await PolicyBook.load(join(POLICIES, 'promotion'));
    return new PromotionFixture(test, folder, permits, book);
  }

  async end(): Promise<void> {
    await this.ledger.close();
    await this.test.drop();
    await rm(this.folder, { recursive: true });
  }

  /** The same workflow on another connection pool, with another registry or another policy. */
  serviceOn(
    database: Database,
    other: { book?: PolicyBook; writer?: RegistryWriter; patienceMs?: number } = {},
  ): PromotionService {
    const { book, clock, entries, ledger, lineage, permits, policy, registry, roles, writer } =
      this;
    return new PromotionService({
      ...{ book, clock, entries, ledger, lineage, permits, policy, registry, roles, writer },
      database,
      patienceMs: 0,
      ...other,
    });
  }

  later(ms: number): void {
    this.clock.set(new Date(this.clock.now().getTime() + ms));
  }

  /** A tenant with its people, and a model with three versions; champion stands on version 1. */
  async tenant(): Promise<Story> {
    const slug = `tenant-${++this.#tenants}`;
    const tenantId = await this.test.tenant(slug);
    await this.test.database.sqlTransaction(tenantId, async (tx) => {
      await this.policy.openPolicy(tx);
      await this.ledger.openLog(tx);
    });
    const people = {} as Record<keyof People, Principal>;
    for (const [name, role] of Object.entries(ROLES) as [keyof People, string][]) {
      people[name] = await this.person(tenantId, slug, name, role);
    }
    const story = new Story(this, tenantId, people);
    for (const version of ['1', '2', '3']) await story.says('model_version.created', { version });
    await story.says('model_alias.set', { alias: 'champion', version: '1' });
    await story.follow();
    return story;
  }

  async person(
    tenantId: TenantId,
    tenantSlug: string,
    name: string,
    role: string,
  ): Promise<Principal> {
    const uuid = randomUUID();
    const kind = name === 'robot' ? 'service' : 'user';
    await this.test.database.sqlTransaction(tenantId, (tx) =>
      tx.query(
        `INSERT INTO principal (tenant_id, id, kind, issuer, subject_mac, created_at)
         VALUES ($1::uuid, $2::uuid, $3, 'test', encode(sha256($4::text::bytea), 'hex'), now())`,
        [tenantId, uuid, kind, uuid],
      ),
    );
    const id = `${kind === 'user' ? 'user' : 'svc'}:${uuid}`;
    const granted = await this.policy.grantRoleAsSystem(tenantId, {
      subject: id,
      role,
      reason: 'test',
    });
    if (granted.kind !== 'done') throw new Error(`grant of ${role}: ${granted.kind}`);
    return {
      tenantId,
      tenantSlug,
      id,
      kind,
      displayName: name,
      issuer: 'test',
      subject: name,
      tokenExpiresAt: new Date(START.getTime() + 3_600_000),
    };
  }
}

/** One tenant of a test, and short words for what happens in it. */
export class Story {
  #deliveries = 0;

  constructor(
    readonly fixture: PromotionFixture,
    readonly tenantId: TenantId,
    readonly people: People,
  ) {}

  /** The registry reports something; returns the entry's sequence. */
  async says(
    type: EntryDraft['type'],
    data: EntryDraft['data'],
    more: Partial<EntryDraft> = {},
  ): Promise<bigint> {
    const filled =
      type === 'model_version.created'
        ? { sourceUri: 's3://models/x', runId: 'run-1', description: null, tags: [], ...data }
        : data;
    this.fixture.later(10);
    const [result] = await this.fixture.ledger.append(this.tenantId, [
      {
        type,
        source: SOURCE,
        subject: `model/${MODEL}`,
        actor: { id: 'unknown', kind: 'unknown', basis: 'reported' },
        basis: 'signed',
        occurredAt: this.fixture.clock.now(),
        delivery: `delivery-${++this.#deliveries}`,
        data: { name: MODEL, ...filled },
        ...more,
      },
    ]);
    if (result === undefined) throw new Error('nothing appended');
    return result.sequence;
  }

  /** Lets every projection catch up. */
  follow(): Promise<void> {
    return this.fixture.runner.catchUp(this.tenantId);
  }

  async request(more: object = {}): Promise<PromotionRequestRecord> {
    const { mona } = this.people;
    return done(
      await this.fixture.service.request(mona, {
        model: MODEL,
        version: '2',
        target: TARGET,
        reason: 'better',
        ...more,
      }),
    );
  }

  /** A vote on what the request says now. */
  async vote(
    who: keyof People,
    id: string,
    more: { decision?: 'APPROVE' | 'REJECT'; role?: string; rowVersion?: number } = {},
  ): Promise<PromotionOutcome> {
    this.fixture.later(1);
    return this.fixture.service.castVote(this.people[who], {
      requestId: id,
      decision: 'APPROVE',
      role: 'approver',
      rowVersion: (await this.read(id)).rowVersion,
      ...more,
    });
  }

  async command(
    who: keyof People,
    kind: 'revokeVote' | 'withdraw' | 'execute',
    id: string,
  ): Promise<PromotionOutcome> {
    const { rowVersion } = await this.read(id);
    return this.fixture.service[kind](this.people[who], { requestId: id, rowVersion });
  }

  async approved(more: object = {}): Promise<PromotionRequestRecord> {
    const { id } = await this.request(more);
    await this.vote('abel', id);
    return done(await this.vote('beth', id));
  }

  async read(id: string): Promise<PromotionRequestRecord> {
    const { queries, test } = this.fixture;
    const found = await test.database.read(this.tenantId, (tx) => queries.request(tx, id));
    if (found === null) throw new Error('no such request');
    return found;
  }

  /** Entries of these types, oldest first. */
  /** What people wrote, by the delivery of its entry. */
  async texts(deliveries: readonly string[]): Promise<Map<string, string>> {
    const { queries, test } = this.fixture;
    return test.database.read(this.tenantId, (tx) => queries.texts(tx, deliveries));
  }

  async log(...types: string[]): Promise<EntryRecord[]> {
    const { entries, test } = this.fixture;
    return test.database.read(this.tenantId, (tx) =>
      entries.range(tx, { after: -1n, limit: 1_000, types }),
    );
  }

  /** The readable data of those entries. */
  async said(...types: string[]): Promise<Record<string, unknown>[]> {
    const found = await this.log(...types);
    return found.map((entry) => entry.payload['data'] as Record<string, unknown>);
  }
}

/** The request of an outcome that must be one. */
export function done(outcome: PromotionOutcome): PromotionRequestRecord {
  if (outcome.kind !== 'request') throw new Error(`${outcome.code}: ${outcome.message}`);
  return outcome.request;
}

/** The code of an outcome that must not be a request. */
export function codeOf(outcome: { kind: string; code?: string }): string {
  if (outcome.code === undefined) throw new Error(`${outcome.kind} instead of a refusal`);
  return outcome.code;
}
