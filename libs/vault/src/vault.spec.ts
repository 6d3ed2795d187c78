import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCipheriv, createHmac, hkdfSync } from 'node:crypto';
import { asTenantId } from '@countersign/kernel';
import fc from 'fast-check';
import { FileTenantKeyStore } from './file-tenant-key-store.js';
import { MemoryTenantKeyStore } from './memory-tenant-key-store.js';
import { SEAL_OVERHEAD_BYTES } from './seal.js';
import { TenantSeal } from './tenant-seal.js';
import { Vault } from './vault.js';

const TENANT = asTenantId('0b1f7a52-9a0e-4c3c-8f57-6d9f1d8f7a01');
const OTHER = asTenantId('0b1f7a52-9a0e-4c3c-8f57-6d9f1d8f7a02');
const DATA_KEY = Buffer.alloc(32, 7);
const broken = expect.objectContaining({ code: 'SEAL_BROKEN' }) as Error;

describe('a tenant’s seal', () => {
  const seal = new TenantSeal(DATA_KEY);

  it('opens what it sealed, for the place it was sealed for', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.string(), (plain, context) => {
        const sealed = seal.seal(plain, context);
        expect(sealed.byteLength).toBe(plain.byteLength + SEAL_OVERHEAD_BYTES);
        expect(seal.open(sealed, context).equals(plain)).toBe(true);
        expect(() => seal.open(sealed, `${context}x`)).toThrow(broken);
        expect(() => new TenantSeal(Buffer.alloc(32, 8)).open(sealed, context)).toThrow(broken);
      }),
    );
  });

  it('opens nothing that was changed in any byte, shortened or lengthened', () => {
    const sealed = seal.seal(Buffer.from('Ana'), 'place');
    for (let at = 0; at < sealed.byteLength; at++) {
      const damaged = Buffer.from(sealed);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(() => seal.open(damaged, 'place')).toThrow(broken);
    }
    for (let length = 0; length < sealed.byteLength; length++) {
      expect(() => seal.open(sealed.subarray(0, length), 'place')).toThrow(broken);
    }
    expect(() => seal.open(Buffer.concat([sealed, Buffer.alloc(1)]), 'place')).toThrow(broken);
  });

  it('is AES-256-GCM under a key derived with HKDF, as others can repeat', () => {
    const plain = Buffer.from('{"a":1}');
    const sealed = seal.seal(plain, 'ledger_payload/x');
    const key = hkdfSync('sha256', DATA_KEY, '', 'countersign/seal/1', 32);
    const cipher = createCipheriv('aes-256-gcm', Buffer.from(key), sealed.subarray(1, 13));
    cipher.setAAD(Buffer.from('ledger_payload/x'));
    const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    expect(sealed[0]).toBe(1);
    expect(sealed.subarray(13).equals(body)).toBe(true);
  });

  it('never uses a nonce twice', () => {
    const nonces = new Set<string>();
    const others = [seal, new TenantSeal(DATA_KEY)];
    for (let n = 0; n < 10_000; n++) {
      const sealed = others[n % 2]?.seal(Buffer.alloc(1), '') ?? Buffer.alloc(0);
      nonces.add(sealed.toString('hex', 1, 13));
    }
    expect(nonces.size).toBe(10_000);
  });

  it('gives MACs that are HMAC-SHA-256, another for each purpose and tenant', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40_000 }), (bytes) => {
        const key = Buffer.from(hkdfSync('sha256', DATA_KEY, '', 'countersign/mac/1/p', 32));
        expect(seal.macHex(bytes, 'p')).toBe(createHmac('sha256', key).update(bytes).digest('hex'));
      }),
    );
    const macs = [seal.macHex('x', 'p'), seal.macHex('x', 'q'), seal.macHex('y', 'p')];
    expect(new Set([...macs, new TenantSeal(Buffer.alloc(32)).macHex('x', 'p')]).size).toBe(4);
  });
});

describe('Vault', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vault-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const store = (): FileTenantKeyStore =>
    new FileTenantKeyStore({
      directory: join(directory, 'keys'),
      keyFile: join(directory, 'kek'),
    });

  it('makes a key only when told to: a lost one is missed, not replaced', async () => {
    const vault = new Vault({ store: store() });
    await expect(vault.key(TENANT)).rejects.toMatchObject({ code: 'KEY_MISSING' });
    const sealed = (await vault.create(TENANT)).seal(Buffer.from('x'), '');
    const replica = new Vault({ store: store() });
    expect((await replica.key(TENANT)).open(sealed, '').toString()).toBe('x');
    await rm(join(directory, 'keys', `${TENANT}.key`));
    await expect(new Vault({ store: store() }).key(TENANT)).rejects.toMatchObject({
      code: 'KEY_MISSING',
      hint: expect.stringContaining('TENANT_KEYS_DIR') as string,
    });
  });

  it('gives all makers of one key the same', async () => {
    const vaults = Array.from({ length: 8 }, () => new Vault({ store: store() }));
    const seals = await Promise.all(vaults.map((vault) => vault.create(TENANT)));
    const sealed = seals[0]?.seal(Buffer.from('x'), '') ?? Buffer.alloc(0);
    for (const seal of seals) expect(seal.open(sealed, '').toString()).toBe('x');
  });

  it('knows a destroyed key, and when it was destroyed; other replicas notice', async () => {
    const vault = new Vault({ store: store() });
    const replica = new Vault({ store: store(), recheckMs: 0 });
    await vault.create(TENANT);
    await vault.create(OTHER);
    await replica.key(TENANT);
    await vault.destroy(TENANT, new Date('2026-11-21T12:00:00Z'));
    for (const one of [vault, replica]) {
      await expect(one.key(TENANT)).rejects.toMatchObject({
        code: 'KEY_DESTROYED',
        details: { destroyedAt: '2026-11-21T12:00:00.000Z' },
      });
      expect(await one.find(TENANT)).toBeNull();
      await expect(one.create(TENANT)).rejects.toMatchObject({ code: 'KEY_DESTROYED' });
      expect(await one.find(OTHER)).not.toBeNull();
    }
  });

  it('goes on with a key that it knows while the store cannot be asked', async () => {
    const memory = new MemoryTenantKeyStore();
    const vault = new Vault({ store: memory, recheckMs: 0 });
    const seal = await vault.create(TENANT);
    memory.load = () => Promise.reject(new Error('away'));
    expect(await vault.key(TENANT)).toBe(seal);
    await expect(vault.key(OTHER)).rejects.toThrow('away');
  });

  it('holds no more keys than it may', async () => {
    const memory = new MemoryTenantKeyStore();
    const vault = new Vault({ store: memory, cached: 1 });
    const first = await vault.create(TENANT);
    await vault.create(OTHER);
    expect(await vault.key(TENANT)).not.toBe(first); // opened anew
  });
});
