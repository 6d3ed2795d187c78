import type { Database, Queryable } from '@countersign/database';

/** What a spec does to the statements of somebody's database. */
export interface Taps {
  /** Another text in place of a statement, to see what a part of it is for. */
  readonly rewrite?: (text: string) => string;
  /** Runs before a statement; what it throws is the statement's failure. */
  readonly before?: (text: string) => Promise<void> | void;
  /** Runs once the transaction that held the statement has committed; what it throws is seen by the caller only. */
  readonly committed?: (text: string) => Promise<void> | void;
}

/** Global statements of a database, tapped. */
export function tappedDatabase(database: Database, taps: Taps): Pick<Database, 'global'> {
  return {
    global: async <Result>(work: (db: Queryable) => Promise<Result>): Promise<Result> => {
      const texts: string[] = [];
      const result = await database.global((db) =>
        work({
          query: async <Row extends object>(text: string, values?: readonly unknown[]) => {
            await taps.before?.(text);
            texts.push(text);
            return db.query<Row>(taps.rewrite?.(text) ?? text, values);
          },
        }),
      );
      for (const text of texts) await taps.committed?.(text);
      return result;
    },
  };
}
