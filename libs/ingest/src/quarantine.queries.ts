import type { SqlTx } from '@countersign/database';
import {
  decodeCursor,
  encodeCursor,
  isUuid,
  pageSize,
  type Page,
  type PageRequest,
} from '@countersign/kernel';
import { QUARANTINE_COLUMNS, quarantinedByIds, type QuarantinedRecord } from './quarantine-rows.js';

/** Reads of one tenant's quarantine. Bytes are the evidence of the entry `sequence`. */
export class QuarantineQueries {
  /** Oldest first, in ledger order. Throws BAD_CURSOR and BAD_REQUEST. */
  async page(tx: SqlTx, request: PageRequest): Promise<Page<QuarantinedRecord>> {
    const backward = request.last !== undefined && request.last !== null;
    const size = pageSize(backward ? request.last : request.first);
    const cursor = backward ? request.before : request.after;
    const from = cursor === undefined || cursor === null ? null : sequenceOf(cursor);
    const rows = await tx.query<QuarantinedRecord>(
      `SELECT ${QUARANTINE_COLUMNS} FROM quarantine
       WHERE tenant_id = $1::uuid AND ($2::bigint IS NULL OR sequence ${backward ? '<' : '>'} $2::bigint)
       ORDER BY sequence ${backward ? 'DESC' : 'ASC'} LIMIT $3::int`,
      [tx.tenantId, from, size + 1],
    );
    const more = rows.length > size;
    const shown = rows.slice(0, size);
    if (backward) shown.reverse();
    return {
      edges: shown.map((node) => ({ cursor: encodeCursor([String(node.sequence)]), node })),
      hasNextPage: backward ? from !== null : more,
      hasPreviousPage: backward ? more : from !== null,
    };
  }

  /** One delivery; null when this tenant has none of that id. */
  async byId(tx: SqlTx, id: string): Promise<QuarantinedRecord | null> {
    if (!isUuid(id)) return null;
    const [row] = await quarantinedByIds(tx, [id]);
    return row ?? null;
  }
}

function sequenceOf(cursor: string): bigint {
  const [text = ''] = decodeCursor(cursor, 1);
  return /^\d{1,18}$/.test(text) ? BigInt(text) : -1n;
}
