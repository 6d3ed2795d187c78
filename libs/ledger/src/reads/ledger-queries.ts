import type { SqlTx } from '@countersign/database';
import { AppError, type Page, type PageRequest } from '@countersign/kernel';
import type { CheckpointRecord, EntryFilter, EntryRecord, RangeRequest } from './entry-record.js';

/** Reads of one tenant's ledger. */
export class LedgerQueries {
  size(_tx: SqlTx): Promise<bigint> {
    return Promise.reject(building());
  }
  entry(_tx: SqlTx, _sequence: bigint): Promise<EntryRecord | null> {
    return Promise.reject(building());
  }
  entriesBySequence(_tx: SqlTx, _sequences: readonly bigint[]): Promise<EntryRecord[]> {
    return Promise.reject(building());
  }
  entries(_tx: SqlTx, _filter: EntryFilter, _page: PageRequest): Promise<Page<EntryRecord>> {
    return Promise.reject(building());
  }
  range(_tx: SqlTx, _request: RangeRequest): Promise<EntryRecord[]> {
    return Promise.reject(building());
  }
  checkpoint(_tx: SqlTx): Promise<CheckpointRecord | null> {
    return Promise.reject(building());
  }
  /** Hashes of RFC 6962 PROOF(from, D[to]). */
  consistencyProof(_tx: SqlTx, _from: bigint, _to: bigint): Promise<Uint8Array[]> {
    return Promise.reject(building());
  }
}

function building(): AppError {
  return new AppError('UNAVAILABLE', { publicMessage: 'The ledger is being built.' });
}
