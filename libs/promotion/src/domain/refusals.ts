import type { PromotionState } from './states.js';

/** Why a command was refused. A closed set: the API promises exactly these. */
export const REFUSAL_CODES = [
  'SELF_APPROVAL',
  'NOT_ELIGIBLE',
  'ALREADY_VOTED',
  'QUORUM_UNSATISFIABLE',
  'STALE',
  'EXPIRED',
  'FROZEN',
  'GATE_FAILED',
  'CONFLICT',
  'WRONG_STATE',
  'ALREADY_OPEN',
  'UNKNOWN_MODEL_VERSION',
  'STEP_UP_REQUIRED',
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** A refusal as data: `message` says what was found, `hint` what the caller can do. */
export interface Refused {
  readonly code: RefusalCode;
  readonly message: string;
  readonly hint: string;
}

export function refused(code: RefusalCode, message: string, hint: string): Refused {
  return { code, message, hint };
}

/** The refusal of a command that the request's state no longer admits. */
export function wrongState(state: PromotionState, needed: string): Refused {
  if (state === 'EXPIRED') {
    return refused('EXPIRED', 'The request has expired.', 'Ask for the promotion again.');
  }
  if (state === 'STALE') {
    return refused(
      'STALE',
      'What was to be approved has changed since the request was made.',
      'Ask for the promotion again; the new request pins the present facts.',
    );
  }
  return refused(
    'WRONG_STATE',
    `The request is ${state}; this needs ${needed}.`,
    'Read the request again: its state says what can follow.',
  );
}
