import type { SqlTx } from '@countersign/database';
import { AppError, type Clock } from '@countersign/kernel';
import type { PolicyQueries } from '@countersign/policy';
import { pinDifferences, pinDigest, type Pin } from './domain/pin.js';
import { tierOf, type PromotionPolicy, type PromotionTier } from './domain/policy.js';
import type { Moment } from './domain/request-state.js';
import type { PinReader } from './pin-reader.js';
import type { PolicyBook } from './policy-book.js';
import type { PromotionRequestRecord } from './records.js';

/** Reads what else is true at the moment of a command on a request, in the command's own transaction. */
export class Moments {
  constructor(
    private readonly pins: PinReader,
    private readonly roles: PolicyQueries,
    private readonly book: PolicyBook,
    private readonly clock: Clock,
  ) {}

  async of(tx: SqlTx, request: PromotionRequestRecord, authorized: boolean): Promise<Moment> {
    const { policy, tier } = this.ruling(request);
    const holders = new Set(await this.roles.holdersOf(tx, tier.quorum.role, request.object));
    return {
      now: this.clock.now(),
      tier,
      present: comparePins(request.pin, await this.present(tx, request, policy)),
      rolesOf: (actor) => (holders.has(actor) ? [tier.quorum.role] : []),
      authorized,
    };
  }

  /** The policy and tier that a request is decided by. */
  ruling(request: Pick<PromotionRequestRecord, 'policy' | 'target'>): {
    policy: PromotionPolicy;
    tier: PromotionTier;
  } {
    const policy = this.book.find(request.policy);
    const tier = policy === null ? null : tierOf(policy, request.target);
    if (policy === null || tier === null) {
      throw new AppError('UNAVAILABLE', {
        publicMessage: `The promotion policy ${request.policy} no longer covers ${request.target}.`,
        hint: 'Put the policy file back, then ask for the promotion again.',
      });
    }
    return { policy, tier };
  }

  private async present(
    tx: SqlTx,
    request: PromotionRequestRecord,
    policy: PromotionPolicy,
  ): Promise<Pin | null> {
    const found = await this.pins.find(tx, request);
    return found === null ? null : this.pins.pin(tx, found, request.target, policy.policyVersion);
  }
}

function comparePins(pinned: Pin, present: Pin | null): Moment['present'] {
  if (present === null) return null;
  return { digest: pinDigest(present), differences: pinDifferences(pinned, present) };
}
