import {
  parseCosignerKey,
  parseTlogPolicy,
  type NoteVerifier,
  type TlogPolicy,
} from '@countersign/chain';
import { AppError } from '@countersign/kernel';

/** A witness that can be asked. */
export interface KnownWitness {
  /** As the policy calls it. */
  readonly name: string;
  readonly key: NoteVerifier;
  /** Without a trailing slash; null: it is part of the policy, but nobody told where it is. */
  readonly url: string | null;
}

export interface WitnessSet {
  readonly policy: TlogPolicy;
  readonly witnesses: readonly KnownWitness[];
}

/**
 * Witnesses from the text of a C2SP tlog-policy file. `urls`, in the order of its witness lines, override the addresses
 * in it. Throws WITNESS_POLICY with line and reason.
 */
export function witnessSet(text: string, urls: readonly string[]): WitnessSet {
  const parsed = parseTlogPolicy(text);
  if (!parsed.ok) throw unusable(`line ${parsed.line}: ${parsed.detail} (${parsed.code})`);
  const { policy } = parsed;
  if (urls.length > policy.witnesses.length) {
    throw unusable(
      `it has ${policy.witnesses.length} witnesses, WITNESS_URLS has ${urls.length} addresses`,
    );
  }
  const witnesses = policy.witnesses.map(({ name, url, vkey }, i) => ({
    name,
    key: parseCosignerKey(vkey),
    url: (urls[i] ?? url ?? null)?.replace(/\/+$/, '') ?? null,
  }));
  return { policy, witnesses };
}

function unusable(why: string): AppError {
  return new AppError('WITNESS_POLICY', {
    publicMessage: `The policy in WITNESS_POLICY_FILE cannot be used: ${why}.`,
    hint: 'See docs/operations.md for an example with two witnesses.',
  });
}
