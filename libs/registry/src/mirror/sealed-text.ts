import type { TenantSeal } from '@countersign/vault';

/**
 * Free text in rows of the mirror: descriptions and tag values, which people wrote. Sealed for the row that holds it, so
 * that no file, log or dump of the database shows it, and steadily, so that a rebuild ends in identical rows.
 * Without a seal (the tenant was closed) all of it is null.
 */
export class SealedText {
  constructor(readonly seal: TenantSeal | null) {}

  close(text: string | null, place: string): string | null {
    if (text === null || this.seal === null) return null;
    return this.seal.sealSteady(Buffer.from(text, 'utf8'), place).toString('base64');
  }

  /** Throws SEAL_BROKEN for what was not sealed for this place. */
  open(sealed: string | null, place: string): string | null {
    if (sealed === null || this.seal === null) return null;
    return this.seal.openSteady(Buffer.from(sealed, 'base64'), place).toString('utf8');
  }
}

/** Where text is sealed for. A span repeats the value of the statement that opened it, hence its place. */
export const textPlaces = {
  description: (id: string) => `registry/${id}/description`,
  value: (slotId: string, sequence: bigint) => `registry/${slotId}/${sequence}`,
} as const;
