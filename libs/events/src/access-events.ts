import { z } from 'zod';

/** A personal value read back: null once erased or withheld. */
const disclosed = z.string().nullable();

/** An access decision as entries keep it: enough to recompute it from the policy files and the grants. */
export const decisionSchema = z.object({
  allowed: z.boolean(),
  rules: z.array(z.string()),
  rolePath: z.array(z.string()),
  policyVersion: z.string(),
  /** Decimal text: a 64-bit count. */
  epoch: z.string(),
});

const grant = {
  grantId: z.string(),
  subject: z.string(),
  role: z.string(),
  object: z.string(),
};

/** Readable `data` of each access event. */
export const accessEvents = {
  'tenant.opened': z.object({
    slug: z.string(),
    displayName: disclosed,
    policyVersion: z.string(),
  }),

  /** The last entry of a tenant's ledger: its data key is destroyed right after. */
  'tenant.closed': z.object({ reason: disclosed }),
  'principal.registered': z.object({
    principal: z.string(),
    kind: z.enum(['user', 'service']),
    issuer: z.string(),
    /** The provider's own identifier of the principal. */
    subject: disclosed,
    displayName: disclosed,
    email: disclosed,
  }),
  'role.granted': z.object({
    ...grant,
    validFrom: z.string(),
    validUntil: z.string().nullable(),
    reason: disclosed,
    decision: decisionSchema,
  }),
  'role.revoked': z.object({ ...grant, reason: disclosed, decision: decisionSchema }),
  /** Somebody asked for something that the policy does not allow. */
  'access.denied': z.object({
    action: z.string(),
    object: z.string(),
    decision: decisionSchema,
  }),
  /** Other policy files than before decide from here on. */
  'policy.activated': z.object({
    policyVersion: z.string(),
    previousVersion: z.string().nullable(),
    epoch: z.string(),
  }),
} as const;
