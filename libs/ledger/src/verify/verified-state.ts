import { toHex } from '@countersign/chain';
import { AppError, type Json } from '@countersign/kernel';
import type { VerifyLevel } from './range-task.js';

/** What an earlier check found whole: the next one goes on from there. Keep it where the ledger's owner cannot write. */
export interface VerifiedState {
  readonly origin: string;
  readonly size: bigint;
  /** 32 bytes. */
  readonly root: Uint8Array;
  readonly level: VerifyLevel;
}

const MEMBERS = 'level,origin,rootHash,size,v';

/** One line of JSON. */
export function formatVerifiedState({ level, origin, root, size }: VerifiedState): string {
  const state = { level, origin, rootHash: toHex(root), size: size.toString(), v: 1 };
  return `${JSON.stringify(state)}\n`;
}

/** Reads `formatVerifiedState`'s text. Throws STATE_MALFORMED: to begin anew unasked would skip the comparison. */
export function parseVerifiedState(text: string): VerifiedState {
  const object = tryParse(text);
  if (typeof object !== 'object' || object === null || Array.isArray(object)) throw malformed();
  const { level, origin, rootHash, size, v } = object as Record<string, Json>;
  const isLevel = level === 'hashes' || level === 'headers' || level === 'payloads';
  if (Object.keys(object).sort().join() !== MEMBERS || v !== 1 || !isLevel) throw malformed();
  if (typeof origin !== 'string' || typeof size !== 'string' || !/^\d{1,15}$/.test(size)) {
    throw malformed();
  }
  if (typeof rootHash !== 'string' || !/^[0-9a-f]{64}$/.test(rootHash)) throw malformed();
  return { origin, level, size: BigInt(size), root: Buffer.from(rootHash, 'hex') };
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function malformed(): AppError {
  return new AppError('STATE_MALFORMED', {
    publicMessage: 'The state of the last verification cannot be read.',
    hint: 'Verify with --full, which writes it anew.',
  });
}
