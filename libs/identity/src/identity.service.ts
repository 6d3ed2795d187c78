import { randomUUID } from 'node:crypto';
import type { Database, SqlTx } from '@countersign/database';
import { personal, subjects, SYSTEM_ACTOR } from '@countersign/events';
import { AppError, asTenantId, type Clock, type TenantId } from '@countersign/kernel';
import type { LedgerService } from '@countersign/ledger';
import type { TenantSeal, Vault } from '@countersign/vault';
import { BoundedCache } from './bounded-cache.js';
import { IdentityQueries, type TenantRecord } from './identity.queries.js';
import { registrationDelivery } from './principal-names.js';
import { principalId, type Principal, type PrincipalKind } from './principal.js';
import type { TokenVerifier } from './token-verifier.js';
import { unauthenticated } from './unauthenticated.js';

export interface IdentityServiceDeps {
  readonly database: Database;
  readonly ledger: LedgerService;
  readonly clock: Clock;
  /** For the keyed hash by which a principal is found. */
  readonly vault: Vault;
  readonly verifier: Pick<TokenVerifier, 'verify'>;
  /** Gives a new tenant its policy inside the opening transaction and returns the policy version. */
  readonly openPolicy: (tx: SqlTx) => Promise<string>;
}

export interface OpenedTenant extends TenantRecord {
  /** False when the tenant was there already; nothing was changed then. */
  readonly created: boolean;
}

/** Who somebody is, as an issuer vouches for it. */
export interface PrincipalRegistration {
  readonly kind: PrincipalKind;
  /** OidcIssuer.name */
  readonly issuer: string;
  readonly subject: string;
  readonly displayName: string;
  readonly email?: string | null;
}

/** A registered principal. Its kind is the one it was registered with. */
export type KnownPrincipal = Pick<Principal, 'id' | 'kind'>;

const SLUG = /^[a-z][a-z0-9-]{0,62}$/;
const KNOWN_MAX = 10_000;

/** Tenants and principals: who is asking, and on whose behalf. */
export class IdentityService {
  readonly queries: IdentityQueries;
  readonly #deps: IdentityServiceDeps;
  /** Tenants and principals never change once made, so what was found stays found. */
  readonly #tenants = new BoundedCache<TenantRecord>(KNOWN_MAX);
  readonly #principals = new BoundedCache<KnownPrincipal>(KNOWN_MAX);

  constructor(deps: IdentityServiceDeps) {
    this.#deps = deps;
    this.queries = new IdentityQueries(deps.database);
  }

  /**
   * The principal that an access token speaks for. Seen for the first time, it is registered together with its
   * ledger entry. Throws UNAUTHENTICATED, or UNAVAILABLE when the issuer cannot be reached.
   */
  async authenticate(bearerToken: string): Promise<Principal> {
    const token = await this.#deps.verifier.verify(bearerToken);
    const tenant = await this.#tenant(token.tenantSlug);
    if (tenant === null) throw unauthenticated('tenant');
    const { id, kind } = await this.registerPrincipal(tenant.id, token);
    return {
      tenantId: tenant.id,
      tenantSlug: tenant.slug,
      id,
      kind,
      // As the token says now. What was said when they were registered may have been erased.
      displayName: token.displayName,
      issuer: token.issuer,
      subject: token.subject,
      tokenExpiresAt: token.expiresAt,
    };
  }

  /**
   * Finds or makes the principal of (issuer, subject). Row and entry `principal.registered` are written in one
   * transaction, once however many ask at the same time.
   */
  async registerPrincipal(tenantId: TenantId, who: PrincipalRegistration): Promise<KnownPrincipal> {
    const mac = subjectMac(await this.#deps.vault.key(tenantId), who.subject);
    const key = JSON.stringify([tenantId, who.issuer, mac]);
    const known = this.#principals.get(key);
    if (known !== undefined) return known;
    const found =
      (await this.#deps.database.read(tenantId, (tx) => findPrincipal(tx, who.issuer, mac))) ??
      (await this.#deps.database.sqlTransaction(tenantId, (tx) => this.#register(tx, who, mac)));
    this.#principals.set(key, found);
    return found;
  }

  /**
   * Opens a tenant: its row, its log, its policy and the entry `tenant.opened`, all or nothing. A slug that is
   * taken gives the tenant that has it. Throws BAD_REQUEST for a slug that is not a DNS-like label.
   */
  async openTenant(slug: string, displayName: string): Promise<OpenedTenant> {
    if (!SLUG.test(slug)) {
      throw new AppError('BAD_REQUEST', {
        publicMessage: 'A tenant slug has 1 to 63 lower-case letters, digits and hyphens.',
        hint: 'For example: acme, risk-emea.',
      });
    }
    const known = await this.#tenant(slug);
    if (known !== null) return { ...known, created: false };
    const id = asTenantId(randomUUID());
    const created = await this.#deps.database.sqlTransaction(id, (tx) =>
      this.#open(tx, slug, displayName),
    );
    const tenant = await this.#tenant(slug);
    if (tenant === null) {
      throw new AppError('INTERNAL', { publicMessage: 'The tenant was not found after opening.' });
    }
    return { ...tenant, created };
  }

  async #tenant(slug: string): Promise<TenantRecord | null> {
    const cached = this.#tenants.get(slug);
    if (cached !== undefined) return cached;
    const tenant = await this.queries.tenantBySlug(slug);
    if (tenant !== null) this.#tenants.set(slug, tenant);
    return tenant;
  }

  async #open(tx: SqlTx, slug: string, displayName: string): Promise<boolean> {
    const now = this.#deps.clock.now();
    // Waits for whoever opens the same slug at this moment, and then inserts nothing.
    const inserted = await tx.query(
      `INSERT INTO tenant (id, slug, display_name, created_at) VALUES ($1::uuid, $2, $3, $4)
       ON CONFLICT (slug) DO NOTHING RETURNING id`,
      [tx.tenantId, slug, displayName, now],
    );
    if (inserted.length === 0) return false;
    const policyVersion = await this.#deps.openPolicy(tx);
    await this.#deps.ledger.openLog(tx);
    await this.#deps.ledger.appendInTx(tx, [
      {
        type: 'tenant.opened',
        source: 'countersign',
        subject: subjects.tenant,
        actor: SYSTEM_ACTOR,
        basis: 'authenticated',
        occurredAt: now,
        delivery: 'tenant.opened',
        data: { slug, displayName: personal(displayName), policyVersion },
      },
    ]);
    return true;
  }

  async #register(tx: SqlTx, who: PrincipalRegistration, mac: string): Promise<KnownPrincipal> {
    const uuid = randomUUID();
    const id = principalId(who.kind, uuid);
    const now = this.#deps.clock.now();
    const inserted = await tx.query(
      `INSERT INTO principal (tenant_id, id, kind, issuer, subject_mac, created_at)
       VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6)
       ON CONFLICT (tenant_id, issuer, subject_mac) DO NOTHING RETURNING id`,
      [tx.tenantId, uuid, who.kind, who.issuer, mac, now],
    );
    if (inserted.length === 0) {
      const other = await findPrincipal(tx, who.issuer, mac);
      if (other !== null) return other;
      throw new AppError('INTERNAL', { publicMessage: 'The principal could not be registered.' });
    }
    await this.#deps.ledger.appendInTx(tx, [
      {
        type: 'principal.registered',
        source: 'countersign',
        subject: subjects.principal(id),
        actor: SYSTEM_ACTOR,
        basis: 'authenticated',
        occurredAt: now,
        delivery: registrationDelivery(id),
        data: {
          principal: id,
          kind: who.kind,
          issuer: who.issuer,
          subject: personal(who.subject, id),
          displayName: personal(who.displayName, id),
          email: personal(who.email ?? null, id),
        },
      },
    ]);
    return { id, kind: who.kind };
  }
}

/** Finds somebody again without keeping who it is; no reader of the table can try out names. */
function subjectMac(seal: TenantSeal, subject: string): string {
  return seal.macHex(subject, 'principal/subject');
}

async function findPrincipal(
  tx: SqlTx,
  issuer: string,
  mac: string,
): Promise<KnownPrincipal | null> {
  const [row] = await tx.query<{ id: string; kind: PrincipalKind }>(
    `SELECT id, kind FROM principal
      WHERE tenant_id = $1::uuid AND issuer = $2 AND subject_mac = $3`,
    [tx.tenantId, issuer, mac],
  );
  return row === undefined ? null : { id: principalId(row.kind, row.id), kind: row.kind };
}
