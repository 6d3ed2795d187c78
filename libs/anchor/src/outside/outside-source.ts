/** Somewhere outside of the database where the newest checkpoint of the log of heads may be found. */
export interface OutsideSource {
  /** For people: `witness w1`, `folder`, … */
  readonly name: string;
  /** Nothing there says nothing: a file may have been lost with its disk. */
  readonly mayBeGone?: true;
  /** A checkpoint that is kept there, unverified; null when there is none. Never rejects. */
  newest(origin: string): Promise<OutsideAnswer>;
}

export type OutsideAnswer =
  | { readonly reached: true; readonly note: string | null }
  | { readonly reached: false; readonly why: string };
