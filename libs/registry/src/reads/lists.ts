import type { SqlTx } from '@countersign/database';
import {
  decodeCursor,
  encodeCursor,
  pageSize,
  type Page,
  type PageRequest,
} from '@countersign/kernel';
import type { SealedText } from '../mirror/sealed-text.js';
import type { ModelDbRow } from '../mirror/rows.js';
import type { ModelFilter, ModelVersionRecord, RegisteredModelRecord } from './records.js';
import { modelRecord, SELECT_VERSION, versionRecord, type VersionReadRow } from './rows.js';

/** The newest incarnation of each name, by name and source. */
export async function listModels(
  tx: SqlTx,
  filter: ModelFilter,
  request: PageRequest,
  texts: SealedText,
): Promise<Page<RegisteredModelRecord>> {
  return page(
    request,
    2,
    (row) => [row.name, row.source],
    async (cursor, down, limit) => {
      const rows = await tx.query<ModelDbRow>(
        `SELECT m.* FROM registry_model m
        WHERE m.tenant_id = $1::uuid AND m.kind = $2::text
          AND ($3::text IS NULL OR strpos(lower(m.name), lower($3::text)) > 0)
          AND NOT EXISTS (SELECT 1 FROM registry_model n
                WHERE n.tenant_id = $1::uuid AND n.name = m.name AND n.source = m.source
                  AND n.kind = m.kind AND n.incarnation > m.incarnation)
          AND ($4::text IS NULL OR (m.name, m.source) ${down ? '>' : '<'} ($4::text, $5::text))
        ORDER BY m.name ${down ? 'ASC' : 'DESC'}, m.source ${down ? 'ASC' : 'DESC'} LIMIT $6::int4`,
        [
          tx.tenantId,
          filter.kind ?? 'model',
          filter.name ?? null,
          cursor?.[0] ?? null,
          cursor?.[1] ?? null,
          limit,
        ],
      );
      return rows.map((row) => modelRecord(row, texts));
    },
  );
}

/** Versions of a model, numbered ones first, in numeric order. */
export async function listVersions(
  tx: SqlTx,
  modelId: string,
  request: PageRequest,
  texts: SealedText,
): Promise<Page<ModelVersionRecord>> {
  const key = `coalesce(v.number, ${NUMBERS_END})`;
  return page(
    request,
    2,
    (row) => [/^[0-9]{1,18}$/.test(row.version) ? row.version : String(NUMBERS_END), row.version],
    async (cursor, down, limit) => {
      const rows = await tx.query<VersionReadRow>(
        `${SELECT_VERSION} AND v.model_id = $2::uuid
            AND ($3::int8 IS NULL OR (${key}, v.version) ${down ? '>' : '<'} ($3::int8, $4::text))
          ORDER BY ${key} ${down ? 'ASC' : 'DESC'}, v.version ${down ? 'ASC' : 'DESC'} LIMIT $5::int4`,
        [tx.tenantId, modelId, digits(cursor?.[0]), cursor?.[1] ?? null, limit],
      );
      return rows.map((row) => versionRecord(row, texts));
    },
  );
}

/** Sorts versions that are no numbers behind those that are. */
const NUMBERS_END = 9_000_000_000_000_000_000n;

/** A cursor is text from outside: anything that is no number reads as the end. */
function digits(text: string | undefined): string | null {
  if (text === undefined) return null;
  return /^[0-9]{1,18}$/.test(text) ? text : String(NUMBERS_END);
}

/** Relay paging over one sort key; reads one row more than asked to know whether there are others. */
async function page<Row>(
  request: PageRequest,
  keyParts: number,
  keyOf: (row: Row) => string[],
  read: (cursor: string[] | null, down: boolean, limit: number) => Promise<Row[]>,
): Promise<Page<Row>> {
  const backwards = request.last !== null && request.last !== undefined;
  const size = pageSize(backwards ? request.last : request.first);
  const cursorText = backwards ? request.before : request.after;
  const cursor =
    cursorText === null || cursorText === undefined ? null : decodeCursor(cursorText, keyParts);
  const found = await read(cursor, !backwards, size + 1);
  const more = found.length > size;
  const rows = found.slice(0, size);
  if (backwards) rows.reverse();
  return {
    edges: rows.map((node) => ({ cursor: encodeCursor(keyOf(node)), node })),
    hasNextPage: backwards ? cursor !== null : more,
    hasPreviousPage: backwards ? more : cursor !== null,
  };
}
