import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  consistencyProof,
  EMPTY_ROOT,
  formatAddCheckpoint,
  leafHash,
  noteSigner,
  parseCosignerKey,
  privateKeyFromSeed,
  rootOf,
  sha256Hex,
  signCheckpoint,
  verifyCosignatures,
} from '@countersign/chain';
import { fixedClock } from '@countersign/kernel';
import { loadOrCreateWitnessKey } from './key-file.js';
import { witnessServer } from './server.js';
import { StateFolder } from './state-folder.js';
import { Witness, type WitnessOptions } from './witness.js';

const ORIGIN = 'countersign.test/heads/1';
const log = noteSigner(ORIGIN, privateKeyFromSeed(Buffer.alloc(32, 1)));
const stranger = noteSigner(ORIGIN, privateKeyFromSeed(Buffer.alloc(32, 9)));
const leavesOf = (text: string, count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => leafHash(Buffer.from(`${text} ${i}`)));
const LEAVES = leavesOf('leaf', 40);
const FORK = leavesOf('fork', 40);

const checkpoint = (size: number, leaves = LEAVES, signer = log): string =>
  signCheckpoint({ origin: ORIGIN, size: BigInt(size), root: rootOf(leaves.slice(0, size)) }, [
    signer,
  ]);
const proof = (from: number, to: number, leaves = LEAVES): Uint8Array[] =>
  from === 0 || from === to ? [] : consistencyProof(BigInt(from), leaves.slice(0, to));
const body = (from: number, to: number, leaves = LEAVES, signer = log): string =>
  formatAddCheckpoint({
    oldSize: BigInt(from),
    proof: proof(from, to, leaves),
    checkpoint: checkpoint(to, leaves, signer),
  });

describe('a witness', () => {
  let folder: string;
  let state: StateFolder;
  let witness: Witness;
  const clock = fixedClock(new Date('2026-11-22T10:00:00Z'));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'witness-'));
    state = await StateFolder.open(join(folder, 'state'));
    witness = new Witness(options());
  });
  afterEach(async () => {
    await state.close();
    await rm(folder, { recursive: true });
  });
  function options(): WitnessOptions {
    const key = privateKeyFromSeed(Buffer.alloc(32, 2));
    return { name: 'witness.test/w1', key, logs: [log.verifier.vkey], state, clock };
  }
  const lastSize = async (): Promise<string | undefined> =>
    (await state.read(ORIGIN))?.split('\n')[1];

  it('cosigns the first checkpoint, and then every one that contains the one before', async () => {
    for (const [from, to] of [
      [0, 3],
      [3, 8],
      [8, 8],
      [8, 33],
    ] as const) {
      const answered = await witness.addCheckpoint(body(from, to));
      expect(answered.status).toBe(200);
      const [cosignature] = verifyCosignatures(checkpoint(to), answered.body, [
        parseCosignerKey(witness.vkey),
      ]);
      expect(cosignature?.at).toEqual(clock.now());
      expect(await lastSize()).toBe(String(to));
    }
  });

  const cases: [string, () => Promise<string> | string, number, string?][] = [
    ['400 a body that is no request', () => 'hello', 400],
    [
      '400 a request whose old size is beyond the new one',
      () => body(5, 5).replace('old 5', 'old 9'),
      400,
    ],
    ['404 a log that it does not know', () => body(5, 8).replaceAll(ORIGIN, 'other.test/log'), 404],
    ['403 a checkpoint that somebody else signed', () => body(5, 8, LEAVES, stranger), 403],
    ['403 a changed checkpoint', () => body(5, 8).replace('\n8\n', '\n9\n'), 403],
    ['409 and its own size when the old size is smaller', () => body(3, 8), 409, '5\n'],
    ['409 and its own size when the old size is larger', () => body(6, 8), 409, '5\n'],
    ['422 a proof that does not hold', () => body(5, 8, FORK), 422],
    ['422 another root of the same size', () => body(5, 5, FORK), 422],
    [
      'smaller than cosigned: 400, since old must be what it cosigned and not beyond the new size',
      () => formatAddCheckpoint({ oldSize: 5n, proof: [], checkpoint: checkpoint(3) }),
      400,
    ],
  ];
  it.each(cases)('answers %s', async (...[, request, status, text]) => {
    expect((await witness.addCheckpoint(body(0, 5))).status).toBe(200);
    const answered = await witness.addCheckpoint(await request());
    expect(answered.status).toBe(status);
    if (text !== undefined) {
      expect(answered).toMatchObject({ contentType: 'text/x.tlog.size', body: text });
    }
    expect(await lastSize()).toBe('5');
  });

  it('answers 422 to size 0 with another root than that of the empty tree, and to a proof from nothing', async () => {
    const empty = (root: Uint8Array): string =>
      formatAddCheckpoint({
        oldSize: 0n,
        proof: [],
        checkpoint: signCheckpoint({ origin: ORIGIN, size: 0n, root }, [log]),
      });
    expect((await witness.addCheckpoint(empty(Buffer.alloc(32)))).status).toBe(422);
    expect((await witness.addCheckpoint(empty(EMPTY_ROOT))).status).toBe(200);
    const needless = formatAddCheckpoint({
      oldSize: 0n,
      proof: [EMPTY_ROOT],
      checkpoint: checkpoint(3),
    });
    expect((await witness.addCheckpoint(needless)).status).toBe(422);
  });

  it('remembers over a restart', async () => {
    await witness.addCheckpoint(body(0, 5));
    await state.close();
    state = await StateFolder.open(join(folder, 'state'));
    witness = new Witness(options());
    expect(await witness.addCheckpoint(body(0, 8))).toMatchObject({ status: 409, body: '5\n' });
  });

  it('refuses to cosign when its memory is damaged', async () => {
    await witness.addCheckpoint(body(0, 5));
    await writeFile(join(folder, 'state', sha256Hex(Buffer.from(ORIGIN))), 'something else\n\n');
    await expect(witness.addCheckpoint(body(0, 8))).rejects.toThrow('damaged');
  });

  it('leaves no unfinished file', async () => {
    await Promise.all([1, 2, 3, 4].map((n) => witness.addCheckpoint(body(0, n))));
    expect((await readdir(join(folder, 'state'))).sort()).toEqual(
      [sha256Hex(Buffer.from(ORIGIN)), 'lock'].sort(),
    );
  });

  /** How many of two histories, shown at the same moment, it cosigns. */
  async function cosignedOf(subject: Witness): Promise<number> {
    const answers = await Promise.all([
      subject.addCheckpoint(body(0, 7)),
      subject.addCheckpoint(body(0, 7, FORK)),
    ]);
    return answers.filter(({ status }) => status === 200).length;
  }

  it('cosigns one of two histories that are shown to it at the same moment', async () => {
    expect(await cosignedOf(witness)).toBe(1);
  });

  it('mutant: without a turn for each origin it cosigns both', async () => {
    const hasty = new Witness({ ...options(), turns: { run: (_name, work) => work() } });
    expect(await cosignedOf(hasty)).toBe(2);
  });

  it('shares its folder with no second process', async () => {
    const lock = join(folder, 'state', 'lock');
    const mine = await readFile(lock, 'utf8');
    // Of the parent of this process, which lives as long as it does.
    await writeFile(lock, `${process.ppid} other\n`);
    await expect(StateFolder.open(join(folder, 'state'))).rejects.toMatchObject({
      code: 'WITNESS_STATE',
    });
    await expect(witness.addCheckpoint(body(0, 5))).rejects.toMatchObject({
      code: 'WITNESS_STATE',
    });
    expect(await lastSize()).toBeUndefined();
    await writeFile(lock, mine);
  });

  it('takes over what a killed process left', async () => {
    await writeFile(join(folder, 'state', 'lock'), `${2 ** 22 + 1} gone\n`);
    state = await StateFolder.open(join(folder, 'state'));
    expect((await new Witness(options()).addCheckpoint(body(0, 5))).status).toBe(200);
  });

  it('makes a key for its owner alone, once', async () => {
    const file = join(folder, 'keys', 'witness.key');
    const made = await loadOrCreateWitnessKey(file);
    expect((await loadOrCreateWitnessKey(file)).equals(made)).toBe(true);
    await writeFile(file, 'no key');
    await expect(loadOrCreateWitnessKey(file)).rejects.toMatchObject({ code: 'WITNESS_KEY' });
  });

  describe('over HTTP', () => {
    let url: string;
    let close: () => Promise<void>;
    const failures: unknown[] = [];
    beforeEach(async () => {
      const server = witnessServer({ witness, onFailure: (error) => failures.push(error) });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      close = () =>
        new Promise((resolve) => {
          server.close(() => {
            resolve();
          });
          server.closeAllConnections();
        });
    });
    afterEach(() => close());
    const post = (text: string): Promise<Response> =>
      fetch(`${url}/add-checkpoint`, { method: 'POST', body: text });

    it('answers as tlog-witness says', async () => {
      expect((await post(body(0, 5))).status).toBe(200);
      const conflict = await post(body(0, 8));
      expect(conflict.status).toBe(409);
      expect(conflict.headers.get('content-type')).toBe('text/x.tlog.size');
      expect(await conflict.text()).toBe('5\n');
    });

    it('shows monitors the newest checkpoint that it cosigned', async () => {
      const address = `${url}/${sha256Hex(Buffer.from(ORIGIN))}/checkpoint`;
      expect((await fetch(address)).status).toBe(404);
      await post(body(0, 5));
      const note = await (await fetch(address)).text();
      expect(verifyCosignatures(note, note, [parseCosignerKey(witness.vkey)])).toHaveLength(1);
    });

    it('reads no more than 64 KiB, and nothing but posts', async () => {
      const sent = await post('x'.repeat(70_000)).then(
        ({ status }) => status,
        () => 413, // it hung up while we were sending
      );
      expect(sent).toBe(413);
      expect((await fetch(`${url}/add-checkpoint`)).status).toBe(405);
      expect((await fetch(`${url}/../secret`)).status).toBe(404);
      expect((await fetch(`${url}/${'a'.repeat(64)}/checkpoint/../../x`)).status).toBe(404);
    });

    it('answers 500 and says so when its state cannot be used', async () => {
      await rm(join(folder, 'state'), { recursive: true });
      expect((await post(body(0, 5))).status).toBe(500);
      expect(failures).not.toEqual([]);
    });
  });
});
