import { join } from 'node:path';
import {
  anchorLags,
  anchorNames,
  currentFreeze,
  LAG_SECONDS_MAX,
  openAnchors,
} from '@countersign/anchor';
import { isAppError, systemClock } from '@countersign/kernel';
import { bad, note, ok, type Finding } from './finding.js';
import { withDatabase, type Installation } from './runtime.js';

/** Whether the installation may append, and how far those outside are behind. */
export async function anchoring(where: Installation): Promise<Finding[]> {
  const { config } = where;
  if (config.databaseUrl === null) return [];
  try {
    const file = join(config.dataDir, 'anchors', 'heads.checkpoint');
    const names = anchorNames(await openAnchors(config.anchors, file, systemClock));
    return await withDatabase(where, (database) =>
      database.global(async (db) => {
        const freeze = await currentFreeze(db);
        const lags = await anchorLags(db, names, systemClock.now());
        return [
          ...(freeze === null
            ? []
            : [bad(`Read-only, ${freeze.code}: ${freeze.reason}.`, 'See countersign recover.')]),
          ...(names.length === 0
            ? [
                note(
                  'Checkpoints do not leave this installation.',
                  'Set WITNESS_POLICY_FILE, TSA_URL or ANCHOR_DIR.',
                ),
              ]
            : []),
          ...lags.map(({ kind, seconds, who }) =>
            seconds > LAG_SECONDS_MAX[kind]
              ? bad(
                  `${kind} ${who} is ${Math.round(seconds)} seconds behind.`,
                  'The log of the service says why. Nothing is lost: it catches up when it answers.',
                )
              : ok(`${kind} ${who} keeps up`),
          ),
        ];
      }),
    );
  } catch (error) {
    // What is wrong with the database itself is another finding.
    return isAppError(error) ? [bad(error.publicMessage, error.hint ?? '')] : [];
  }
}
