import { AppError } from '@countersign/kernel';
import type pg from 'pg';

/** One row of a binary COPY: a field as PostgreSQL sends it (`bytea` verbatim, `int8` big-endian), null for NULL. */
export type CopyRow = readonly (Buffer | null)[];

/**
 * Takes one row. The fields are views of the receive buffer and hold other bytes as soon as this returns: copy what is
 * kept. What it throws ends the stream and rejects it.
 */
export type CopyRowTaker = (row: CopyRow) => void;

/** `PGCOPY\n\377\r\n\0`, flags and length of the header extension: before the first row, in its message. */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const HEADER_BYTES = SIGNATURE.byteLength + 8;

/**
 * Runs `COPY (select) TO STDOUT (FORMAT binary)` on a connection and hands over row by row, without keeping any: the
 * cheapest way in which PostgreSQL gives out many rows. COPY takes no parameters, so values stand in the text.
 * PostgreSQL sends one message per row (protocol 3.0, "COPY Operations"). Resolves with the number of rows.
 */
export async function copyRows(
  client: pg.ClientBase,
  select: string,
  take: CopyRowTaker,
): Promise<number> {
  return new Promise((resolve, reject) => {
    client.query(
      new CopyOut(`COPY (${select}) TO STDOUT (FORMAT binary)`, take, (error, rows) => {
        if (error === null) resolve(rows);
        else reject(error);
      }),
    );
  });
}

/** What pg calls while a statement runs; see pg's Submittable. */
class CopyOut implements pg.Submittable {
  #rows = 0;
  #started = false;
  #failure: Error | null = null;

  constructor(
    private readonly text: string,
    private readonly take: CopyRowTaker,
    private readonly done: (error: Error | null, rows: number) => void,
  ) {}

  submit(connection: pg.Connection): void {
    connection.query(this.text);
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    if (this.#failure !== null) return;
    try {
      this.#message(chunk);
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  handleCommandComplete(): void {
    // The connection is free with handleReadyForQuery only.
  }

  handleError(error: Error): void {
    this.done(this.#failure ?? error, this.#rows);
  }

  handleReadyForQuery(): void {
    this.done(this.#failure, this.#rows);
  }

  #message(chunk: Buffer): void {
    let at = 0;
    if (!this.#started) {
      if (chunk.compare(SIGNATURE, 0, SIGNATURE.byteLength, 0, SIGNATURE.byteLength) !== 0) {
        throw broken('another beginning than a binary COPY has');
      }
      at = HEADER_BYTES + chunk.readUInt32BE(HEADER_BYTES - 4);
      this.#started = true;
    }
    if (at >= chunk.byteLength) return;
    const count = chunk.readInt16BE(at);
    at += 2;
    if (count < 0) return; // the trailer
    const row: (Buffer | null)[] = [];
    for (let field = 0; field < count; field++) {
      const length = chunk.readInt32BE(at);
      at += 4;
      row.push(length < 0 ? null : chunk.subarray(at, at + length));
      if (length > 0) at += length;
    }
    if (at !== chunk.byteLength) throw broken('a row that does not fill its message');
    this.#rows++;
    this.take(row);
  }
}

function broken(detail: string): AppError {
  return new AppError('COPY_MALFORMED', {
    publicMessage: `The database sent ${detail}.`,
    hint: 'Is something other than PostgreSQL in between?',
  });
}
