import { workerData } from 'node:worker_threads';
import { Database } from '@countersign/database';
import { LocalRanges, serveRanges } from '@countersign/ledger';
import { fileVault, type KeyPlaces } from '@countersign/vault';

/** What `verify --live` tells its threads. */
export interface VerifyWorkerData {
  readonly connectionString: string;
  readonly keys: KeyPlaces;
}

// A thread that verifies ranges of a ledger with a connection of its own.
const { connectionString, keys } = workerData as VerifyWorkerData;
const database = new Database({
  connectionString,
  max: 1,
  applicationName: 'countersign-verify',
});
await serveRanges(new LocalRanges(database, fileVault(keys)));
await database.close();
