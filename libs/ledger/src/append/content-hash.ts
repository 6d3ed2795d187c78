import { canonicalize } from '@countersign/chain';
import { Personal, type EntryDraft } from '@countersign/events';
import type { TenantSeal } from '@countersign/vault';

/** What a delivery said, for telling a repetition from a conflict. */
export interface Content {
  /** 64 hex digits. */
  readonly hashHex: string;
  /** What was hashed; kept as evidence of a conflict. */
  readonly bytes: () => { readonly bytes: Uint8Array; readonly mediaType: string };
}

/**
 * Keyed hash of the received bytes; of a draft without evidence, of its meaning. Keyed, because a plain hash would let
 * whoever reads the store guess personal values after their erasure. Times are left out: a command that is
 * retried with its idempotency key says the same thing a little later.
 */
export function contentHash(draft: EntryDraft, seal: TenantSeal): Content {
  const { evidence } = draft;
  if (evidence !== undefined) return hashed(evidence.bytes, seal, () => evidence);
  const bytes = meaning(draft);
  return hashed(bytes, seal, () => ({ bytes, mediaType: 'application/json' }));
}

/** Purpose of the key. */
const PURPOSE = 'ledger/content';

function hashed(bytes: Uint8Array, seal: TenantSeal, keep: Content['bytes']): Content {
  return { hashHex: seal.macHex(bytes, PURPOSE), bytes: keep };
}

function meaning(draft: EntryDraft): Uint8Array {
  const { actor, after, basis, before, data, subject, type } = draft;
  return canonicalize(revealed({ actor: { ...actor }, after, basis, before, data, subject, type }));
}

type Revealed = Parameters<typeof canonicalize>[0];

/** The tree with personal values in their places. */
function revealed(node: unknown): Revealed {
  if (node instanceof Personal) return node.value;
  if (Array.isArray(node)) return node.map(revealed);
  if (typeof node !== 'object' || node === null) return node;
  const members: Record<string, Revealed> = {};
  for (const [key, member] of Object.entries(node)) {
    if (member !== undefined) members[key] = revealed(member);
  }
  return members;
}
