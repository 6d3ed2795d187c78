import { canonicalText, signNote, type NoteSigner } from '@countersign/chain';

/** A tree of a log: how large, under which root. */
export interface TreeState {
  readonly size: bigint;
  /** Null when only the size is known. */
  readonly root: Uint8Array | null;
}

/** What an operator accepts: entries were lost, and the same log goes on under another origin. */
export interface Gap {
  readonly oldOrigin: string;
  readonly newOrigin: string;
  /** What the database holds and the new origin goes on from. */
  readonly restored: TreeState;
  /** What was found outside of the database, of the log of heads. */
  readonly outside: readonly (TreeState & { readonly origin: string; readonly source: string })[];
  readonly at: Date;
}

/**
 * The signed record of a gap: a C2SP signed note whose text is one title line and one line of canonical JSON. Each key of
 * the log signs it under the old and under the new origin: whoever pinned the old key learns of the new one.
 */
export function signGap(gap: Gap, signers: readonly NoteSigner[]): string {
  const text = canonicalText({
    at: gap.at.toISOString(),
    kind: 'gap/1',
    newOrigin: gap.newOrigin,
    oldOrigin: gap.oldOrigin,
    outside: gap.outside.map(({ origin, root, size, source }) => ({
      origin,
      root: base64(root),
      size: size.toString(),
      source,
    })),
    restored: { root: base64(gap.restored.root), size: gap.restored.size.toString() },
    v: 1,
  });
  return signNote(`${GAP_TITLE}\n${text}\n`, signers);
}

export const GAP_TITLE = 'countersign gap record v1';

function base64(root: Uint8Array | null): string | null {
  return root === null ? null : Buffer.from(root).toString('base64');
}
