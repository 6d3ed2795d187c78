import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { noteSigner } from '@countersign/chain';
import { Database, migrate } from '@countersign/database';
import { asTenantId, systemClock, type TenantId } from '@countersign/kernel';
import {
  HeadsQueries,
  LedgerQueries,
  LedgerService,
  loadOrCreateSigningKey,
} from '@countersign/ledger';
import { fileVault, type TenantSeal, type Vault } from '@countersign/vault';
import pg from 'pg';
import { DatabaseProcess } from '../database-process.js';
import { freePort } from '../free-port.js';
import { interopDir } from '../rigs.js';
import { runWell } from '../run.js';
import { ROOT } from '../tools.js';
import type { WriterSettings } from './messages.js';
import { Replica } from './replica.js';

/** Loaded writers that wait to take a dead one's place. */
const SPARES = 2;

/**
 * What catches a fork besides the compared head: the key on the sequence, and the check that runs after each statement.
 * A second line and a third, taken away so that the first stands alone.
 */
const OTHER_NETS = [
  'ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_pkey',
  'ALTER TABLE ledger_payload DROP CONSTRAINT ledger_payload_pkey',
  'ALTER TABLE ledger_evidence DROP CONSTRAINT ledger_evidence_pkey',
  'CREATE INDEX ON ledger_entry (tenant_id, seq)',
  'CREATE INDEX ON ledger_payload (tenant_id, seq)',
  'CREATE INDEX ON ledger_evidence (tenant_id, seq)',
  'ALTER TABLE ledger_entry DISABLE TRIGGER append_only_recheck',
];

export interface RigOptions {
  /** Of the folder; one rig at a time. */
  readonly name: string;
  /** False: the append does not compare the head that it replaces. */
  readonly compare: boolean;
  /** False: primary keys and the re-check are taken away, so that the comparison stands alone. */
  readonly otherNets: boolean;
}

/** A tenant's ledger on a database of its own, two replicas that write to it, and the means to kill all three. */
export class Rig {
  readonly places: Replica[] = [];
  /** Newest checkpoints as somebody outside saw them, by size: of the tenant and of the log of heads. */
  readonly seen = { tenant: new Map<bigint, string>(), heads: new Map<bigint, string>() };
  readonly #spares: Replica[] = [];
  readonly #everyone: Replica[] = [];

  private constructor(
    readonly postgres: DatabaseProcess,
    readonly database: Database,
    readonly tenantId: TenantId,
    private readonly vault: Vault,
    private readonly script: string,
    private readonly settings: WriterSettings,
  ) {}

  static async create({ compare, name, otherNets }: RigOptions): Promise<Rig> {
    const dataDir = join(interopDir(), name);
    mkdirSync(dataDir, { recursive: true });
    const script = join(dataDir, 'writer.mjs');
    await runWell(process.execPath, [
      join(ROOT, 'test', 'interop', 'support', 'chaos', 'bundle-writer.mjs'),
      script,
    ]);
    const postgres = await DatabaseProcess.start(join(dataDir, 'pg'), await freePort());
    const database = new Database({ connectionString: postgres.url, max: 3 });
    try {
      await migrate(postgres.ownerUrl, join(ROOT, 'prisma', 'migrations'));
      const tenantId = await prepared(postgres, otherNets);
      const vault = fileVault({ dataDir, keyEncryptionKeyFile: null, tenantKeysDir: null });
      const ledger = new LedgerService({ database, clock: systemClock, vault });
      await database.sqlTransaction(tenantId, (tx) => ledger.openLog(tx));
      await ledger.close();
      await loadOrCreateSigningKey(join(dataDir, 'keys', 'checkpoint.key'));
      const settings = { url: postgres.url, tenantId, dataDir, compare };
      const rig = new Rig(postgres, database, tenantId, vault, script, settings);
      await Promise.all([rig.replace(0), rig.replace(1)]);
      return rig;
    } catch (error) {
      await database.close();
      postgres.stop();
      throw error;
    }
  }

  /** The replicas that run. */
  get replicas(): readonly Replica[] {
    return this.places.filter((replica) => replica.running);
  }

  get alarms(): string[] {
    return this.#everyone.flatMap((replica) => replica.alarms);
  }

  seal(): Promise<TenantSeal> {
    return this.vault.key(this.tenantId);
  }

  /** Puts a fresh replica in a place. */
  async replace(place: number): Promise<void> {
    while (this.#spares.length <= SPARES) {
      const spare = new Replica(this.script, this.settings);
      this.#spares.push(spare);
      this.#everyone.push(spare);
    }
    const replica = this.#spares.shift();
    if (replica === undefined) throw new Error('there is no spare');
    await replica.begin();
    this.places[place] = replica;
  }

  /** Looks at the newest checkpoints, as an auditor does now and then; keeps the first note per size. */
  async look(): Promise<void> {
    const tenant = await this.database.read(this.tenantId, (tx) =>
      new LedgerQueries().checkpoint(tx),
    );
    const heads = await this.database.global((db) =>
      new HeadsQueries().checkpoint(db, { published: true }),
    );
    if (tenant !== null && !this.seen.tenant.has(tenant.size)) {
      this.seen.tenant.set(tenant.size, tenant.note);
    }
    if (heads !== null && !this.seen.heads.has(heads.size)) {
      this.seen.heads.set(heads.size, heads.note);
    }
  }

  /** The tenant's key as an auditor would have pinned it. */
  async verifiers(origin: string): Promise<ReturnType<typeof noteSigner>['verifier'][]> {
    const file = join(this.settings.dataDir, 'keys', 'checkpoint.key');
    return [noteSigner(origin, await loadOrCreateSigningKey(file)).verifier];
  }

  async stopReplicas(): Promise<void> {
    await Promise.all(this.#everyone.map((replica) => replica.kill()));
  }

  async close(): Promise<void> {
    await this.stopReplicas();
    await this.database.close();
    this.postgres.stop();
  }
}

async function prepared(postgres: DatabaseProcess, otherNets: boolean): Promise<TenantId> {
  const owner = new pg.Client({
    connectionString: postgres.ownerUrl,
    options: '-c event_triggers=off',
  });
  await owner.connect();
  try {
    const id = randomUUID();
    await owner.query('INSERT INTO tenant (id, slug, display_name) VALUES ($1, $2, $2)', [
      id,
      'acme',
    ]);
    if (!otherNets) for (const statement of OTHER_NETS) await owner.query(statement);
    return asTenantId(id);
  } finally {
    await owner.end();
  }
}
