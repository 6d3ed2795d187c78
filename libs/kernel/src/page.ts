import { AppError } from './app-error.js';

/** One page of a list, in list order, for Relay connections. */
export interface Page<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

/** Relay's arguments. At most one of first and last; `after` goes with first, `before` with last. */
export interface PageRequest {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

export const PAGE_SIZE_DEFAULT = 50;
export const PAGE_SIZE_MAX = 100;

/** The asked number of rows. Throws BAD_REQUEST outside of 1..100. */
export function pageSize(asked: number | null | undefined): number {
  const size = asked ?? PAGE_SIZE_DEFAULT;
  if (!Number.isInteger(size) || size < 1 || size > PAGE_SIZE_MAX) {
    throw new AppError('BAD_REQUEST', {
      publicMessage: `A page has 1 to ${PAGE_SIZE_MAX} rows, not ${size}.`,
      hint: 'Ask for fewer rows and follow pageInfo.endCursor.',
    });
  }
  return size;
}

/** An opaque cursor over the sort key of a row. Holds a position, never a right. */
export function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** The parts of a cursor made by encodeCursor. Throws BAD_CURSOR unless there are exactly `count` strings. */
export function decodeCursor(cursor: string, count: number): string[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (
      Array.isArray(parts) &&
      parts.length === count &&
      parts.every((p) => typeof p === 'string')
    ) {
      return parts;
    }
  } catch {
    // falls through: not JSON, so not ours
  }
  throw new AppError('BAD_CURSOR', {
    publicMessage: 'The cursor is not one that this list gave out.',
    hint: 'Use pageInfo.endCursor or an edge cursor of the same list, or start without a cursor.',
  });
}
