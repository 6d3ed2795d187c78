import {
  NO_PREVIOUS,
  sameBytes,
  toHex,
  verifyCheckpoint,
  type NoteVerifier,
} from '@countersign/chain';
import type { Database } from '@countersign/database';
import { AppError, type TenantId } from '@countersign/kernel';
import type { Vault } from '@countersign/vault';
import type { CheckpointRecord } from '../reads/entry-record.js';
import {
  RANGE_LEAVES,
  type LiveFault,
  type RangeResult,
  type RangeRunner,
  type RangeTask,
  type VerifyLevel,
} from './range-task.js';
import { inOrder, LocalRanges } from './run-ranges.js';
import { readGround, type Ground } from './stored-ground.js';
import type { SubtreeRow } from './subtrees.js';
import { UpperTree } from './upper-tree.js';
import type { VerifiedState } from './verified-state.js';

export type LiveVerdict =
  | {
      readonly ok: true;
      readonly size: bigint;
      readonly root: Uint8Array;
      /** The first entry that was read; those before it were held against `since`. */
      readonly from: bigint;
    }
  | ({ readonly ok: false } & LiveFault);

export interface KnownHead {
  readonly size: bigint;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

export interface VerifyLiveOptions {
  /** Opens payloads, disclosures and evidence. What a destroyed key sealed is not looked at. */
  readonly vault: Vault;
  /** Keys of which one must have signed the newest checkpoint; without them the signature is not looked at. */
  readonly logKeys?: ((origin: string) => readonly NoteVerifier[]) | undefined;
  /** Default `payloads`: everything. */
  readonly level?: VerifyLevel | undefined;
  /**
   * Go on from an earlier check: the entries before are taken as checked, once their tree has the same root still.
   */
  readonly since?: VerifiedState | undefined;
  /** Heads that were kept elsewhere, such as in the log of heads: the tree must pass through them. */
  readonly heads?: readonly KnownHead[] | undefined;
  /** Does the work. Default: this thread, one range after the other. */
  readonly runner?: RangeRunner | undefined;
  /** Ends the check between two ranges with VERIFICATION_STOPPED. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((verified: bigint, size: bigint) => void) | undefined;
}

/**
 * Verifies a tenant's ledger where it stands, as far as it reached when this began, in constant memory and in ranges that
 * may be done side by side: every entry with what `level` asks for; the tiles; the head row; the newest checkpoint. Finds
 * what does not hold together; a history that was rewritten as a whole only shows against a checkpoint kept elsewhere.
 */
export async function verifyLive(
  database: Database,
  tenantId: TenantId,
  options: VerifyLiveOptions,
): Promise<LiveVerdict> {
  const level = options.level ?? 'payloads';
  const ground = await database.read(tenantId, (tx) => readGround(tx, level));
  const { checkpoint, size } = ground;
  const signed = checkpoint === null ? null : checkpointFault(checkpoint, options.logKeys);
  if (signed !== null) return { ok: false, ...signed };
  const ahead = sinceFault(ground, options.since);
  if (ahead !== null) return { ok: false, ...ahead };
  // Back to a border of ranges, and at least one range.
  const last = Math.max(Number(options.since?.size ?? 0n) - 1, 0);
  const from = last - (last % RANGE_LEAVES);
  const known = knownHeads(ground, options);
  const expected = expectedRoots(known);
  const join = new Join(await UpperTree.load(database, tenantId, from), from, expected);
  const tasks = tasksOf(tenantId, level, from, size, [...expected.keys()]);
  const runner = options.runner ?? new LocalRanges(database, options.vault);
  for await (const result of inOrder(runner, tasks)) {
    if (options.signal?.aborted === true) throw stopped();
    const fault = result.fault ?? (await join.add(result));
    if (fault !== null) return { ok: false, ...fault };
    options.onProgress?.(BigInt(join.size), BigInt(size));
  }
  const fault = join.headFault(ground, known) ?? ground.beside;
  return fault === null
    ? { ok: true, size: BigInt(size), root: join.root(), from: BigInt(from) }
    : { ok: false, ...fault };
}

function* tasksOf(
  tenantId: TenantId,
  level: VerifyLevel,
  start: number,
  size: number,
  sizes: readonly number[],
): Generator<RangeTask, void, undefined> {
  for (let from = start; from < size; from += RANGE_LEAVES) {
    const to = Math.min(from + RANGE_LEAVES, size);
    const marks = sizes.filter((mark) => mark > from && mark <= to).sort((a, b) => a - b);
    yield { tenantId, level, from, to, marks };
  }
}

/** Heads that the tree must pass through, from wherever they are known. */
function knownHeads({ checkpoint }: Ground, { heads, since }: VerifyLiveOptions): KnownHead[] {
  const known = [...(heads ?? []), ...(since === undefined ? [] : [since])];
  if (checkpoint !== null) known.push({ size: checkpoint.size, root: checkpoint.rootHash });
  return known.filter((head) => head.size > 0n);
}

/** Their roots by size. */
function expectedRoots(known: readonly KnownHead[]): Map<number, Uint8Array[]> {
  const roots = new Map<number, Uint8Array[]>();
  for (const head of known) {
    const size = Number(head.size);
    roots.set(size, [...(roots.get(size) ?? []), head.root]);
  }
  return roots;
}

/** Joins ranges to the whole: seams, upper tiles, roots. */
class Join {
  readonly #row: SubtreeRow;
  #last = { hash: NO_PREVIOUS, recordedAt: '' };

  constructor(
    private readonly upper: UpperTree,
    from: number,
    private readonly expected: ReadonlyMap<number, readonly Uint8Array[]>,
  ) {
    this.#row = upper.row(from);
  }

  get size(): number {
    return this.#row.end;
  }

  root(): Uint8Array {
    return this.#row.root();
  }

  /** Takes the result of the next range, which holds in itself. */
  async add(result: RangeResult): Promise<LiveFault | null> {
    const { first, last, marks, nodes } = result;
    const start = BigInt(this.#row.end);
    if (first !== null && start > 0n && this.#last.recordedAt !== '') {
      if (first.hash !== this.#last.hash) {
        return { sequence: start, rule: 'PREVIOUS_HASH_MISMATCH', expected: this.#last.hash };
      }
      if (first.recordedAt < this.#last.recordedAt) {
        const expected = `at least ${this.#last.recordedAt}`;
        return { sequence: start, rule: 'RECORDED_AT_DECREASED', expected };
      }
    }
    for (const { nodes: part, size } of marks) {
      const row = this.#row.clone();
      row.pushAll(part);
      const root = row.root();
      for (const expected of this.expected.get(size) ?? []) {
        if (sameBytes(root, expected)) continue;
        return {
          sequence: BigInt(size),
          rule: 'ROOT_MISMATCH',
          expected: `root ${toHex(root)}, expected ${toHex(expected)}`,
        };
      }
    }
    this.#row.pushAll(nodes);
    this.#last = last ?? this.#last;
    const [whole] = nodes;
    return nodes.length === 1 && whole?.height === 16 ? this.upper.push(whole.hash) : null;
  }

  /** What the head row, or a head that is known from elsewhere, says otherwise than the entries. */
  headFault({ head }: Ground, known: readonly KnownHead[]): LiveFault | null {
    const size = BigInt(this.#row.end);
    const bad = (rule: string, expected: string): LiveFault => ({ sequence: size, rule, expected });
    const beyond = known.find((other) => other.size > size);
    if (beyond !== undefined) {
      const expected = `the ledger ends at size ${size}, expected at least ${beyond.size}`;
      return bad('ENTRIES_MISSING', expected);
    }
    if (head?.size !== size) return bad('HEAD_SIZE_MISMATCH', `a head row of size ${size}`);
    const root = this.root();
    if (!sameBytes(head.root, root)) return bad('HEAD_ROOT_MISMATCH', toHex(root));
    if (toHex(head.head_hash) !== this.#last.hash) {
      return bad('HEAD_HASH_MISMATCH', this.#last.hash);
    }
    const frontier = this.#row.serialize();
    if (sameBytes(head.frontier, frontier)) return null;
    return bad('HEAD_FRONTIER_MISMATCH', toHex(frontier));
  }
}

function sinceFault(
  { checkpoint, size }: Ground,
  since: VerifiedState | undefined,
): LiveFault | null {
  if (since === undefined) return null;
  if (checkpoint !== null && checkpoint.origin !== since.origin) {
    return { sequence: 0n, rule: 'ORIGIN_MISMATCH', expected: since.origin };
  }
  if (since.size <= BigInt(size)) return null;
  const expected = `the ledger ends at size ${size}, expected at least ${since.size}`;
  return { sequence: BigInt(size), rule: 'ENTRIES_MISSING', expected };
}

function checkpointFault(
  checkpoint: CheckpointRecord,
  logKeys: VerifyLiveOptions['logKeys'],
): LiveFault | null {
  if (logKeys === undefined) return null;
  const { note, origin, rootHash, size } = checkpoint;
  const verified = verifyCheckpoint(note, { origin, logKeys: logKeys(origin) });
  const bad = (rule: string, expected: string): LiveFault => ({ sequence: size, rule, expected });
  if (!verified.ok) return bad(verified.code, 'a checkpoint signed with the given key');
  const said = verified.checkpoint;
  return said.size === size && sameBytes(said.root, rootHash)
    ? null
    : bad('CHECKPOINT_COLUMN_MISMATCH', `size ${said.size}, root ${toHex(said.root)}`);
}

function stopped(): AppError {
  return new AppError('VERIFICATION_STOPPED', {
    publicMessage: 'The verification was stopped before its end.',
    hint: 'Nothing is known about the rest; start it again.',
  });
}
