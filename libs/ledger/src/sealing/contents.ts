import type { TenantSeal } from '@countersign/vault';
import { places } from './places.js';

/**
 * Opens the sealed columns of a tenant's ledger. Each method gives null for a value that is not there; all of them once
 * the tenant's key was destroyed. They throw SEAL_BROKEN for bytes that were changed or moved to another row.
 */
export class Contents {
  /** `seal`: as `Vault.find` gives it; null when the tenant's key was destroyed. */
  constructor(private readonly seal: TenantSeal | null) {}

  /** False once the tenant's key was destroyed. */
  get readable(): boolean {
    return this.seal !== null;
  }

  /** ledger_payload.bytes: the bytes that payload_digest covers. */
  payload(entryId: string, sealed: Uint8Array | null): Buffer | null {
    if (sealed === null || this.seal === null) return null;
    return this.seal.open(sealed, places.payload(entryId));
  }

  /** ledger_disclosure.value: canonical JSON. */
  disclosure(entryId: string, path: string, sealed: Uint8Array | null): Buffer | null {
    if (sealed === null || this.seal === null) return null;
    return this.seal.open(sealed, places.disclosure(entryId, path));
  }

  /** ledger_evidence.bytes: as received. */
  evidence(entryId: string, sealed: Uint8Array | null): Buffer | null {
    if (sealed === null || this.seal === null) return null;
    return this.seal.open(sealed, places.evidence(entryId));
  }
}
