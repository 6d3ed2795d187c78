import { noteText, parseCheckpoint } from '@countersign/chain';
import type { SigningKeys } from '@countersign/ledger';
import type { InstallationFreeze } from '../freeze/freeze-store.js';
import type { Gap } from './gap-record.js';

/** What was found outside, once per freeze. */
export function outsideOf(freezes: readonly InstallationFreeze[]): Gap['outside'] {
  return freezes.map(({ origin, outside, outsideNote, outsideSize }) => {
    const checkpoint = outsideNote === null ? null : parseCheckpoint(noteText(outsideNote) ?? '');
    return {
      origin: checkpoint?.origin ?? origin,
      source: outside,
      size: outsideSize,
      root: checkpoint?.root ?? null,
    };
  });
}

/** Under both names: the old key vouches for the new origin. */
export function signersOf(
  keys: SigningKeys,
  gap: Pick<Gap, 'newOrigin' | 'oldOrigin'>,
): ReturnType<SigningKeys['signers']> {
  return [...keys.signers(gap.oldOrigin), ...keys.signers(gap.newOrigin)];
}

/** `now`, unless that is not after `before` or before `atLeast`: the newest log is found by when it was opened. */
export function later(now: Date, before: readonly Date[], atLeast: readonly Date[]): Date {
  return new Date(
    Math.max(
      now.getTime(),
      ...before.map((at) => at.getTime() + 1),
      ...atLeast.map((at) => at.getTime()),
    ),
  );
}
