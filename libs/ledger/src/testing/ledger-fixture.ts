import { personal, type EntryDraft } from '@countersign/events';
import { systemClock, type Clock, type TenantId } from '@countersign/kernel';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { LedgerService, type LedgerServiceOptions } from '../ledger-service.js';
import { testVault } from '../../../../test/support/vault.js';

export interface LedgerFixture {
  readonly test: TestDatabase;
  readonly ledger: LedgerService;
  /** Another service on the same database, as another replica is. */
  replica(options?: Partial<LedgerServiceOptions>): LedgerService;
  /** A tenant with an open log. */
  tenant(): Promise<TenantId>;
  end(): Promise<void>;
}

/** For specs: a database of its own with a ledger service on it. */
export async function ledgerFixture(clock: Clock = systemClock): Promise<LedgerFixture> {
  const test = await createTestDatabase();
  const services: LedgerService[] = [];
  const replica = (options: Partial<LedgerServiceOptions> = {}): LedgerService => {
    const service = new LedgerService({
      vault: testVault(),
      database: test.database,
      clock,
      ...options,
    });
    services.push(service);
    return service;
  };
  const ledger = replica();
  let tenants = 0;
  return {
    test,
    ledger,
    replica,
    tenant: async () => {
      const tenantId = await test.tenant(`tenant-${++tenants}`);
      await test.database.sqlTransaction(tenantId, (tx) => ledger.openLog(tx));
      return tenantId;
    },
    end: async () => {
      await Promise.all(services.map((service) => service.close()));
      await test.drop();
    },
  };
}

/** A delivery of a registry about its n-th model version, with a personal value and evidence. */
export function delivered(n: number | string, overrides: Partial<EntryDraft> = {}): EntryDraft {
  const text = `{"version":"${n}"}`;
  return {
    type: 'model_version.created',
    source: 'mlflow/demo',
    subject: `model/card-fraud/version/${n}`,
    actor: { id: 'unknown', kind: 'unknown', basis: 'reported' },
    basis: 'signed',
    occurredAt: new Date('2026-11-20T08:00:00.000Z'),
    delivery: `delivery-${n}`,
    data: {
      name: 'card-fraud',
      version: String(n),
      sourceUri: null,
      runId: null,
      description: personal(`trained by Eli, attempt ${n}`, 'user:eli'),
      tags: [{ key: 'team', value: personal('risk') }],
    },
    evidence: { bytes: Buffer.from(text), mediaType: 'application/json' },
    ...overrides,
  };
}

/** The same without evidence, as a command of ours. */
export function commanded(n: number | string, overrides: Partial<EntryDraft> = {}): EntryDraft {
  const { evidence: _evidence, ...draft } = delivered(n, {
    source: 'countersign',
    delivery: `command-${n}`,
    actor: {
      id: 'user:0b1f7a52-9a0e-4c3c-8f57-6d9f1d8f7a01',
      kind: 'user',
      basis: 'authenticated',
    },
    basis: 'authenticated',
  });
  return { ...draft, ...overrides };
}
