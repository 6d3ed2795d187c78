import { canonicalize, sha256Hex } from '@countersign/chain';
import { Personal, type EntryDraft } from '@countersign/events';

/** What a delivery said, for telling a repetition from a conflict. */
export interface Content {
  /** 64 hex digits. */
  readonly hashHex: string;
  /** What was hashed; kept as evidence of a conflict. */
  readonly bytes: () => { readonly bytes: Uint8Array; readonly mediaType: string };
}

/**
 * SHA-256 of the received bytes; of a draft without evidence, of its meaning. Times are left out: a command that is
 * retried with its idempotency key says the same thing a little later.
 */
export function contentHash(draft: EntryDraft): Content {
  const { evidence } = draft;
  if (evidence !== undefined) return hashed(evidence.bytes, () => evidence);
  const bytes = meaning(draft);
  return hashed(bytes, () => ({ bytes, mediaType: 'application/json' }));
}

function hashed(bytes: Uint8Array, keep: Content['bytes']): Content {
  return { hashHex: sha256Hex(bytes), bytes: keep };
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
