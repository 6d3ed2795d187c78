import type { SqlTx } from '@countersign/database';
import {
  subjects,
  UNKNOWN_ACTOR,
  type DraftJson,
  type EntryDraft,
  type EventType,
} from '@countersign/events';
import type { CreatedSource } from '@countersign/ingest';
import type { Principal } from '@countersign/identity';
import { systemClock, type TenantId } from '@countersign/kernel';
import { ProjectionRunner, type Projector } from '@countersign/ledger';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createIngestRig, type IngestRig } from './ingest-rig.js';
import { signedHeaders } from './mlflow-session.js';

export const CARD_FRAUD = join(process.cwd(), 'test', 'fixtures', 'card-fraud-session');

/** Ingest, ledger and projections on a database of their own. */
export interface RegistryRig extends IngestRig {
  readonly runner: ProjectionRunner;
  read<Result>(tenantId: TenantId, work: (tx: SqlTx) => Promise<Result>): Promise<Result>;
  /** A tenant with an MLflow source, `mlflow/demo`. */
  demo(
    baseUrl?: string,
  ): Promise<{ principal: Principal; tenantId: TenantId; created: CreatedSource }>;
  /** Every row of the given tables of a tenant, in a fixed order. */
  rows(tenantId: TenantId, tables: readonly string[]): Promise<Record<string, unknown[]>>;
}

export async function createRegistryRig(projectors: readonly Projector[]): Promise<RegistryRig> {
  const rig = await createIngestRig();
  const { database } = rig.test;
  const runner = new ProjectionRunner({
    database,
    projectors,
    queries: rig.queries,
    ledger: rig.ledger,
    clock: systemClock,
    tenants: () => Promise.resolve([]),
  });
  return {
    ...rig,
    runner,
    read: (tenantId, work) => database.read(tenantId, work),
    demo: async (baseUrl) => {
      const principal = await rig.tenant();
      const created = await rig.sources.create(principal, {
        kind: 'MLFLOW',
        name: 'demo',
        secret: 'a-secret-of-the-tests',
        baseUrl: baseUrl ?? null,
      });
      return { principal, tenantId: principal.tenantId, created };
    },
    rows: (tenantId, tables) =>
      database.read(tenantId, async (tx) => {
        const found: Record<string, unknown[]> = {};
        for (const table of tables) {
          const rows = await tx.query<{ row: string }>(
            `SELECT t::text AS row FROM ${table} t WHERE tenant_id = $1::uuid ORDER BY 1`,
            [tenantId],
          );
          found[table] = rows.map(({ row }) => row);
        }
        return found;
      }),
  };
}

/** Delivers recorded MLflow bodies through the webhook door's service, signed anew, in order. */
export async function deliver(
  rig: RegistryRig,
  sourceId: string,
  bodies: readonly { readonly body: Uint8Array; readonly deliveryId: string }[],
): Promise<void> {
  const source = await rig.sources.resolve(sourceId);
  if (source === null) throw new Error(`no source ${sourceId}`);
  for (const { body, deliveryId } of bodies) {
    const receivedAt = rig.clock.now();
    const headers = signedHeaders('a-secret-of-the-tests', body, deliveryId, receivedAt);
    await rig.ingest.accept({ source, headers, body, receivedAt });
  }
}

export interface RecordedMove {
  readonly file: string;
  readonly phase: string;
  readonly deliveryId: string;
  readonly body: Buffer;
}

/** The registry's deliveries of the recorded card-fraud session. */
export function cardFraudDeliveries(): RecordedMove[] {
  const index = JSON.parse(readFileSync(join(CARD_FRAUD, 'index.json'), 'utf8')) as {
    entries: { kind: string; file: string; phase: string; deliveryId: string }[];
  };
  return index.entries
    .filter((entry) => entry.kind === 'mlflow')
    .map(({ deliveryId, file, phase }) => ({
      file,
      phase,
      deliveryId,
      body: readFileSync(join(CARD_FRAUD, file)),
    }));
}

let deliveries = 0;

/** An event of a registry as a source's adapter drafts it. `at` in seconds after 10:00. */
export function registryEvent(
  type: EventType,
  at: number,
  data: { readonly [key: string]: DraftJson },
  overrides: Partial<EntryDraft> = {},
): EntryDraft {
  deliveries += 1;
  return {
    type,
    source: 'mlflow/demo',
    subject: subjects.model('scorer'),
    actor: UNKNOWN_ACTOR,
    basis: 'signed',
    occurredAt: moment(at),
    delivery: `test-${deliveries}`,
    data: { name: 'scorer', ...data },
    ...overrides,
  };
}

/** Seconds after 10:00 of one day. */
export function moment(seconds: number): Date {
  return new Date(Date.UTC(2026, 10, 20, 10) + seconds * 1_000);
}
