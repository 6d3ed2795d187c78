import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Database } from '@countersign/database';
import { systemClock } from '@countersign/kernel';
import { LedgerService } from '../ledger-service.js';
import { ledgerProblems } from '../testing/check-ledger.js';
import { delivered, ledgerFixture, type LedgerFixture } from '../testing/ledger-fixture.js';
import { testVault } from '../../../../test/support/vault.js';

/** Passes bytes to PostgreSQL; armed, it cuts the line when the answer to a COMMIT comes by, and lets nobody see it. */
class CuttingProxy {
  armed = false;
  cuts = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(target: URL) {
    this.#server = createServer((client) => {
      const upstream = connect(Number(target.port), target.hostname);
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          client.destroy();
          upstream.destroy();
        });
      }
      client.on('data', (bytes) => upstream.write(bytes));
      upstream.on('data', (bytes) => {
        if (this.armed && bytes.includes('COMMIT\0')) {
          this.armed = false;
          this.cuts++;
          client.destroy();
        } else client.write(bytes);
      });
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describe('an append whose COMMIT was not answered', () => {
  let fixture: LedgerFixture;
  let proxy: CuttingProxy;
  let database: Database;
  let ledger: LedgerService;
  beforeAll(async () => {
    fixture = await ledgerFixture();
    const url = new URL(fixture.test.url);
    proxy = new CuttingProxy(new URL(fixture.test.url));
    url.port = String(await proxy.listen());
    url.hostname = '127.0.0.1';
    database = new Database({ connectionString: url.toString(), max: 4 });
    ledger = new LedgerService({ vault: testVault(), database, clock: systemClock });
  });
  afterAll(async () => {
    await ledger.close();
    await database.close();
    await proxy.close();
    await fixture.end();
  });

  it('is settled by its key: stored once, and answered as what it is, the first', async () => {
    const tenantId = await fixture.tenant();
    await ledger.append(tenantId, [delivered('before')]);
    proxy.armed = true;
    const results = await ledger.append(tenantId, [delivered(1), delivered(2)]);
    expect(proxy.cuts).toBe(1);
    expect(results).toMatchObject([
      { sequence: 1n, duplicate: false, conflict: false },
      { sequence: 2n, duplicate: false, conflict: false },
    ]);
    expect(await ledgerProblems(fixture.test, tenantId)).toEqual([]);
  });

  it('loses and doubles nothing while connections break again and again', async () => {
    const tenantId = await fixture.tenant();
    let acknowledged = 0;
    let brokenAt = -1;
    let breaking: Promise<unknown> | undefined;
    // Breaks again only after an append came through: on a slow machine an unconditional timer can starve all work.
    const killer = setInterval(() => {
      if (breaking !== undefined || acknowledged === brokenAt) return;
      brokenAt = acknowledged;
      breaking = fixture.test
        .asOwner(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND application_name = 'countersign' AND query LIKE '%ledger%'`,
        )
        .finally(() => {
          breaking = undefined;
        });
    }, 20);
    const results: bigint[] = [];
    try {
      for (let round = 0; round < 8; round++) {
        const calls = Array.from({ length: 100 }, async (_, n) => {
          const result = await ledger.append(tenantId, [delivered(`${round}-${n}`)]);
          acknowledged += 1;
          return result;
        });
        for (const [result] of await Promise.all(calls)) results.push(result?.sequence ?? -1n);
      }
    } finally {
      clearInterval(killer);
      await breaking;
    }
    expect(brokenAt).toBeGreaterThanOrEqual(0);
    expect(new Set(results).size).toBe(800);
    expect(await ledgerProblems(fixture.test, tenantId)).toEqual([]);
  });

  it('is refused as unavailable, with a time to come back, when the database stays away', async () => {
    const tenantId = await fixture.tenant();
    const nowhere = new Database({ connectionString: 'postgresql://x@127.0.0.1:1/none', max: 1 });
    const impatient = new LedgerService({
      vault: testVault(),
      database: nowhere,
      clock: systemClock,
      patienceMs: 100,
    });
    await expect(impatient.append(tenantId, [delivered(1)])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      details: { retryAfterSeconds: 5 },
    });
    await impatient.close();
    await nowhere.close();
  });
});
