import type { Database } from '@countersign/database';
import { AppError, type TenantId } from '@countersign/kernel';
import type { Vault } from '@countersign/vault';
import { Contents } from '../sealing/contents.js';
import type { PageEntry } from './entry-pages.js';
import {
  payloadLines,
  payloadWeight,
  type PayloadChoice,
  type PayloadText,
} from './payload-lines.js';

export interface PayloadSource {
  readonly database: Database;
  readonly vault: Vault;
  readonly tenantId: TenantId;
}

/** Sealed bytes that are read in one go, unless a single entry has more. */
const BYTES_MAX = 16 * 1024 * 1024;

/** Payload lines of a page of entries, read in pieces of bounded size however large payloads and evidence are. */
export class PayloadReader {
  readonly #pieces: AsyncGenerator<PayloadText[], void, undefined>;
  /** Read and not yet given out. */
  #piece: Promise<PayloadText[] | null>;

  /** Begins to read at once. */
  constructor(
    private readonly source: PayloadSource,
    entries: readonly PageEntry[],
    private readonly choice: PayloadChoice,
  ) {
    this.#pieces = this.#read(entries);
    this.#piece = this.#next();
    this.#piece.catch(() => undefined); // whoever asks for lines gets it
  }

  /** The lines of the sequences from .. to - 1. Ranges are asked for in order; what lies before one is skipped. */
  async *lines(from: bigint, to: bigint): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const piece = await this.#piece;
      if (piece === null) return;
      const lines = piece.filter(({ sequence }) => sequence >= from && sequence < to);
      if (lines.length > 0) yield Buffer.from(lines.map(({ line }) => line).join(''));
      const rest = piece.filter(({ sequence }) => sequence >= to);
      if (rest.length > 0) {
        this.#piece = Promise.resolve(rest);
        return;
      }
      this.#piece = this.#next();
    }
  }

  async #next(): Promise<PayloadText[] | null> {
    const { done, value } = await this.#pieces.next();
    return done === true ? null : value;
  }

  async *#read(entries: readonly PageEntry[]): AsyncGenerator<PayloadText[], void, undefined> {
    if (entries.length === 0) return;
    const { database, tenantId, vault } = this.source;
    const seal = await vault.find(tenantId);
    if (seal === null) throw closed();
    const lines = await database.snapshot(tenantId, async (tx) => {
      const small =
        entries.length === 1 || (await payloadWeight(tx, entries, this.choice)) <= BYTES_MAX;
      return small ? payloadLines(tx, new Contents(seal), entries, this.choice) : null;
    });
    if (lines !== null) {
      yield lines;
      return;
    }
    const middle = entries.length >> 1;
    yield* this.#read(entries.slice(0, middle));
    yield* this.#read(entries.slice(middle));
  }
}

function closed(): AppError {
  return new AppError('KEY_DESTROYED', {
    publicMessage:
      'The tenant was closed and its key destroyed: nobody can read its payloads any more.',
    hint: '--no-payloads exports the headers, with every proof.',
  });
}
