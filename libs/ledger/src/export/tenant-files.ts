import { encodeEntryBundle, treeFiles, type TreeFile } from '@countersign/chain';
import type { SnapshotTx } from '@countersign/database';
import { AppError } from '@countersign/kernel';
import { ledgerTiles, tileBytes } from '../tree/tile-store.js';
import { isDisclosed, pageEntries, pageTiles, type PageEntry } from './entry-pages.js';
import type { ExportPlan, ExportRequest } from './export-request.js';
import { PayloadReader, type PayloadSource } from './payload-reader.js';

/** A file below `tile/` or `payload/`; `parts` is called once, and only when the file has to be written. */
export interface TreePart {
  readonly file: TreeFile;
  parts(): AsyncGenerator<Uint8Array, void, undefined>;
}

const BLOCK = 256;
/** Blocks of 256 that are read at once. */
const PAGE_BLOCKS = 16;

interface Page {
  /** Its first block. */
  readonly first: number;
  readonly entries: readonly PageEntry[];
  /** Full tiles of level 0. */
  readonly tiles: ReadonlyMap<number, Buffer>;
  readonly payloads: PayloadReader | null;
}

/**
 * Reads what a bundle of a tenant holds, a page of 4,096 entries at a time and each at a snapshot of its own: a long
 * export must not keep the database from cleaning up, and what a checkpoint covers does not change. One page is read
 * ahead.
 */
export class TenantFiles {
  readonly #pages = new Map<number, Promise<Page>>();

  constructor(
    private readonly source: PayloadSource,
    private readonly plan: ExportPlan,
    private readonly request: ExportRequest,
  ) {}

  *files(): Generator<TreePart, void, undefined> {
    for (const file of treeFiles(this.plan)) yield { file, parts: () => this.#parts(file) };
  }

  async *#parts(file: TreeFile): AsyncGenerator<Uint8Array, void, undefined> {
    const { index, kind, level, width } = file;
    if (kind === 'tile' && (level > 0 || width < BLOCK)) {
      yield await this.#read((tx) => storedTile(tx, file));
      return;
    }
    const page = await this.#page(index);
    if (kind === 'tile') {
      yield page.tiles.get(index) ?? missing(file);
    } else if (kind === 'entries') {
      const at = (index - page.first) * BLOCK;
      yield encodeEntryBundle(page.entries.slice(at, at + width).map((entry) => entry.canonical));
    } else if (page.payloads !== null) {
      const start = BigInt(index * BLOCK);
      yield* page.payloads.lines(start, start + BigInt(width));
    }
  }

  #page(index: number): Promise<Page> {
    const first = index - (index % PAGE_BLOCKS);
    for (const known of this.#pages.keys()) if (known < first) this.#pages.delete(known);
    const page = this.#ahead(first);
    if ((first + PAGE_BLOCKS) * BLOCK < this.plan.to) {
      // Whoever asks for that page gets the failure; until then nobody looks at it.
      this.#ahead(first + PAGE_BLOCKS).catch(() => undefined);
    }
    return page;
  }

  #ahead(first: number): Promise<Page> {
    let page = this.#pages.get(first);
    if (page === undefined) {
      page = this.#load(first);
      this.#pages.set(first, page);
    }
    return page;
  }

  async #load(first: number): Promise<Page> {
    const from = first * BLOCK;
    const to = Math.min(from + PAGE_BLOCKS * BLOCK, this.plan.size);
    const { entries, tiles } = await this.#read(async (tx) => ({
      entries: await pageEntries(tx, BigInt(from), BigInt(to)),
      tiles: await pageTiles(tx, BigInt(first), BigInt(Math.floor(to / BLOCK))),
    }));
    return { first, entries, tiles, payloads: this.#payloads(entries) };
  }

  #payloads(entries: readonly PageEntry[]): PayloadReader | null {
    if (!this.request.payloads) return null;
    const { from, to } = this.plan;
    const filter = this.request.filter ?? null;
    const wanted = entries.filter(
      (entry) =>
        entry.sequence >= BigInt(from) && entry.sequence < BigInt(to) && isDisclosed(filter, entry),
    );
    return new PayloadReader(this.source, wanted, this.request);
  }

  #read<Result>(work: (tx: SnapshotTx) => Promise<Result>): Promise<Result> {
    return this.source.database.snapshot(this.source.tenantId, work);
  }
}

async function storedTile(tx: SnapshotTx, file: TreeFile): Promise<Buffer> {
  const { index, level, width } = file;
  return (await tileBytes(ledgerTiles(tx), level, BigInt(index), width)) ?? missing(file);
}

function missing({ index, level }: TreeFile): never {
  throw new AppError('TILE_MISSING', {
    publicMessage: `The store lacks tile ${index} of level ${level}.`,
    hint: 'Run `countersign verify --live`: the ledger was changed behind the service.',
  });
}
