// A replica's ledger in a process of its own, to be killed: group commit, signer and log of heads as the service runs
// them, appends asked for over the channel to the parent.
import { join } from 'node:path';
import { Database } from '@countersign/database';
import type { EntryDraft } from '@countersign/events';
import { asTenantId, isAppError, systemClock } from '@countersign/kernel';
import {
  CheckpointSigner,
  HeadsSequencer,
  LedgerService,
  SigningKeys,
  type AppendResult,
} from '@countersign/ledger';
import { fileVault } from '@countersign/vault';
import { GroupCommit } from '../../../../libs/ledger/src/append/group-commit.js';
import { draftOf } from './draft.js';
import type { FromWriter, ToWriter, WriterSettings } from './messages.js';
import { appendSqlWithoutComparison } from './mutant.js';

const settings = JSON.parse(process.argv[2] ?? '') as WriterSettings;
const tenantId = asTenantId(settings.tenantId);
const database = new Database({ connectionString: settings.url, max: 12 });
const clock = systemClock;
const vault = fileVault({
  dataDir: settings.dataDir,
  keyEncryptionKeyFile: null,
  tenantKeysDir: null,
});
const ledger = new LedgerService({ database, clock, vault });
const mutant = new GroupCommit({
  database,
  clock,
  vault,
  connections: 2,
  queueLimit: 20_000,
  patienceMs: 10_000,
  onAppended: () => undefined,
  appendSql: appendSqlWithoutComparison(),
});
const keys = await SigningKeys.open(join(settings.dataDir, 'keys', 'checkpoint.key'));

function say(message: FromWriter): void {
  process.send?.(message);
}

function codeOf(error: unknown): string {
  if (isAppError(error)) return error.code;
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

async function append(draft: EntryDraft): Promise<AppendResult[]> {
  if (draft.source === 'countersign') {
    return database.sqlTransaction(tenantId, (tx) => ledger.appendInTx(tx, [draft]));
  }
  return (settings.compare ? ledger : mutant).append(tenantId, [draft]);
}

function begin(): void {
  const onFailure = (error: unknown): void => {
    say({ alarm: codeOf(error) });
  };
  const signer = { database, clock, keys, pollMs: 60 };
  new CheckpointSigner({
    ...signer,
    onFailure: ({ error }) => {
      onFailure(error);
    },
  }).start();
  new HeadsSequencer({ ...signer, pollMs: 150, onFailure }).start();
}

process.on('message', (message: ToWriter) => {
  if ('begin' in message) {
    begin();
    return;
  }
  const { id, kind, name } = message;
  append(draftOf(name, kind)).then(
    ([result]) => {
      if (result === undefined || result.conflict) say({ id, failed: 'CONFLICT' });
      else say({ id, sequence: String(result.sequence), duplicate: result.duplicate });
    },
    (error: unknown) => {
      say({ id, failed: codeOf(error) });
    },
  );
});
// Nobody is left to tell.
process.on('disconnect', () => process.exit(0));
say({ loaded: true });
