import { verifyCheckpoint, type VerifiedCheckpoint } from '../note/checkpoint.js';
import { parseVerifierKey, type NoteVerifier } from '../note/keys.js';
import { parseCosignerKey } from './cosignature.js';
import { quorumMet, type TlogPolicy } from './policy.js';

/** The keys a policy gives for one log. */
export interface PolicyKeys {
  /** Empty when the policy does not know the log. Several during a rotation of keys. */
  readonly logKeys: readonly NoteVerifier[];
  /** By the names of the policy. */
  readonly witnesses: ReadonlyMap<string, NoteVerifier>;
}

/** The keys of the log of this origin and of all witnesses. Throws ChainError KEY_MALFORMED for a policy made by hand. */
export function policyKeys(policy: TlogPolicy, origin: string): PolicyKeys {
  return {
    logKeys: policy.logs
      .filter((log) => log.origin === origin)
      .map(({ vkey }) => parseVerifierKey(vkey)),
    witnesses: new Map(policy.witnesses.map(({ name, vkey }) => [name, parseCosignerKey(vkey)])),
  };
}

export type PolicyVerdict =
  | (Extract<VerifiedCheckpoint, { ok: true }> & {
      /** Names of the witnesses whose cosignature holds. */
      readonly witnesses: ReadonlySet<string>;
      readonly quorum: boolean;
    })
  | Extract<VerifiedCheckpoint, { ok: false }>;

/**
 * Verifies a checkpoint of one log of the policy. `ok` says that the log signed it and no known signature fails; whether
 * its witnesses are enough is in `quorum`. Throws only for a policy that `parseTlogPolicy` did not read.
 */
export function verifyWithPolicy(
  note: Uint8Array | string,
  policy: TlogPolicy,
  origin: string,
): PolicyVerdict {
  const { logKeys, witnesses: keys } = policyKeys(policy, origin);
  const opened = verifyCheckpoint(note, { origin, logKeys, cosignerKeys: [...keys.values()] });
  if (!opened.ok) return opened;
  const witnesses = new Set(
    [...keys].filter(([, key]) => opened.verified.includes(key)).map(([name]) => name),
  );
  return { ...opened, witnesses, quorum: quorumMet(policy, witnesses) };
}
