import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatTlogPolicy, noteSigner, privateKeyFromSeed } from '@countersign/chain';
import { systemClock } from '@countersign/kernel';
import { HeadsSequencer, SigningKeys } from '@countersign/ledger';
import { StateFolder, Witness, witnessServer } from '@countersign/witness';
import { ledgerFixture, type LedgerFixture } from '../../../ledger/src/testing/ledger-fixture.js';

export const KEYS = SigningKeys.of(privateKeyFromSeed(Buffer.alloc(32, 5)));

/** An installation with its log of heads, without a service around it. */
export class Store {
  private constructor(
    readonly fixture: LedgerFixture,
    readonly heads: HeadsSequencer,
  ) {}

  /** With `like`, a database that says it is the same installation, as a restored one does. */
  static async open(like?: { readonly logId: string; readonly origin: string }): Promise<Store> {
    const fixture = await ledgerFixture();
    const { database } = fixture.test;
    if (like !== undefined) {
      await database.global((db) =>
        db.query(
          'INSERT INTO heads_log (log_id, origin, opened_at) VALUES ($1::uuid, $2::text, now())',
          [like.logId, like.origin],
        ),
      );
    }
    const heads = new HeadsSequencer({
      database,
      clock: systemClock,
      keys: KEYS,
      publishAtOnce: false,
    });
    return new Store(fixture, heads);
  }

  /** Opens so many tenants: each is a leaf. Returns the size of the signed checkpoint. */
  async grow(tenants: number): Promise<bigint> {
    for (let i = 0; i < tenants; i += 1) await this.fixture.tenant();
    return (await this.heads.runOnce()).signed ?? 0n;
  }
}

/** A witness of our own behind a port. */
export class RunningWitness {
  private constructor(
    readonly name: string,
    readonly witness: Witness,
    readonly url: string,
    readonly close: () => Promise<void>,
  ) {}

  static async start(name: string, origin: string): Promise<RunningWitness> {
    const folder = await mkdtemp(join(tmpdir(), 'anchor-witness-'));
    const state = await StateFolder.open(join(folder, 'state'));
    const witness = new Witness({
      name: `${name}.test`,
      key: privateKeyFromSeed(Buffer.alloc(32, name.charCodeAt(1))),
      logs: KEYS.verifiers(origin).map(({ vkey }) => vkey),
      state,
      clock: systemClock,
    });
    const server = witnessServer({ witness, onFailure: () => undefined });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return new RunningWitness(name, witness, `http://127.0.0.1:${port}`, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await state.close();
      await rm(folder, { recursive: true });
    });
  }
}

/** A policy that asks for every witness. */
export function policyText(origin: string, witnesses: readonly RunningWitness[]): string {
  const { vkey } = noteSigner(origin, KEYS.current).verifier;
  return formatTlogPolicy({
    logs: [{ vkey, origin }],
    witnesses: witnesses.map(({ name, url, witness }) => ({ name, vkey: witness.vkey, url })),
    groups: [
      { name: 'all', threshold: witnesses.length, members: witnesses.map(({ name }) => name) },
    ],
    quorum: 'all',
  });
}
