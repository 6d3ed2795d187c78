import type { ChainRecord, DisclosedValue } from '@countersign/chain';
import type { SnapshotTx } from '@countersign/database';
import { isAppError, type Json } from '@countersign/kernel';
import type { Contents } from '../sealing/contents.js';
import { field } from '../export/entry-pages.js';
import type { SealedRow } from './range-rows.js';

/** A disclosure as it is stored. */
export interface SealedDisclosure {
  readonly path: string;
  readonly salt: Buffer;
  readonly value: Buffer;
}

/** The disclosures of the entries from .. to - 1. */
export async function loadDisclosures(
  tx: SnapshotTx,
  from: number,
  to: number,
): Promise<Map<number, SealedDisclosure[]>> {
  const found = new Map<number, SealedDisclosure[]>();
  await tx.copyRows(
    `SELECT seq, path, salt, value FROM ledger_disclosure
     WHERE tenant_id = '${tx.tenantId}' AND seq >= ${from} AND seq < ${to} ORDER BY seq, path`,
    (row) => {
      const sequence = Number(field(row, 0).readBigInt64BE());
      const list = found.get(sequence) ?? [];
      list.push({
        path: field(row, 1).toString('utf8'),
        salt: Buffer.from(field(row, 2)),
        value: Buffer.from(field(row, 3)),
      });
      found.set(sequence, list);
    },
  );
  return found;
}

export interface OpenedRow {
  /** The table whose sealed value does not open; null when all do. */
  readonly broken: string | null;
  readonly record: Pick<ChainRecord, 'payload' | 'disclosures' | 'evidence'>;
  /** What the rules over entries do not see; to be told when they hold. */
  readonly missing: { readonly rule: string; readonly expected: string } | null;
}

/** Opens what is stored beside an entry. Nothing is believed that a tamperer could have broken. */
export function openRow(
  contents: Contents,
  id: string,
  row: SealedRow,
  sealed: readonly SealedDisclosure[],
): OpenedRow {
  const opening = new Opening();
  const payload = opening.try('ledger_payload', () => contents.payload(id, row.payload));
  const disclosures: DisclosedValue[] = [];
  let bad: string | null = null;
  for (const { path, salt, value } of sealed) {
    const plain = opening.try('ledger_disclosure', () => contents.disclosure(id, path, value));
    if (plain === null) continue;
    const parsed = tryParse(plain);
    if (parsed === undefined) bad ??= path;
    else disclosures.push({ path, salt, value: parsed });
  }
  const bytes = opening.try('ledger_evidence', () => contents.evidence(id, row.evidence));
  const evidence = row.salt === null || bytes === null ? null : { salt: row.salt, bytes };
  return {
    broken: opening.broken,
    record: { payload, disclosures: payload === null ? [] : disclosures, evidence },
    missing: missingOf(row, bad),
  };
}

function missingOf(row: SealedRow, badDisclosure: string | null): OpenedRow['missing'] {
  if (row.payload === null) return { rule: 'PAYLOAD_MISSING', expected: 'a payload row' };
  if (badDisclosure !== null) {
    return { rule: 'DISCLOSURE_MISMATCH', expected: `canonical JSON at ${badDisclosure}` };
  }
  if (row.delivered) return null;
  return { rule: 'DELIVERY_MISMATCH', expected: 'a delivery row of this entry' };
}

class Opening {
  broken: string | null = null;

  try(table: string, work: () => Buffer | null): Buffer | null {
    try {
      return work();
    } catch (error) {
      if (!isAppError(error, 'SEAL_BROKEN')) throw error;
      this.broken ??= table;
      return null;
    }
  }
}

function tryParse(bytes: Buffer): Json | undefined {
  try {
    return JSON.parse(bytes.toString('utf8')) as Json;
  } catch {
    return undefined;
  }
}
