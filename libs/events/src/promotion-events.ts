import { z } from 'zod';

/** A personal value read back: null once erased or withheld. */
const disclosed = z.string().nullable();

/** The access decision that a command rested on, as casbin gave it. */
const decision = z.object({
  allowed: z.boolean(),
  action: z.string(),
  object: z.string(),
  rules: z.array(z.string()),
  rolePath: z.array(z.string()),
  policyVersion: z.string(),
  epoch: z.string(),
});

/** What a promotion is about; in every entry, so that each can be read alone. */
const about = {
  requestId: z.string(),
  source: z.string(),
  model: z.string(),
  version: z.string(),
  target: z.string(),
};

/** `state` and `rowVersion` of the request after the entry. */
const moved = { state: z.string(), rowVersion: z.number() };

const pin = z.object({
  source: z.string(),
  model: z.string(),
  version: z.string(),
  modelVersionId: z.string(),
  incarnation: z.number(),
  runId: z.string().nullable(),
  sourceUri: z.string().nullable(),
  artifactDigest: z.string().nullable(),
  lineageDigest: z.string().nullable(),
  target: z.string(),
  expectedHolders: z.array(z.string()),
  policyVersion: z.string(),
});

const driftTarget = {
  driftId: z.string(),
  source: z.string(),
  model: z.string(),
  target: z.string(),
};

/** Readable `data` of each promotion event. */
export const promotionEvents = {
  'promotion.requested': z.object({
    ...about,
    ...moved,
    reason: disclosed,
    pin,
    pinDigest: z.string(),
    expiresAt: z.string(),
    registrant: z.string().nullable(),
    decision,
  }),
  'promotion.vote_cast': z.object({
    ...about,
    ...moved,
    voteId: z.string(),
    vote: z.enum(['APPROVE', 'REJECT']),
    role: z.string(),
    pinDigest: z.string(),
    comment: disclosed,
    decision,
  }),
  'promotion.vote_revoked': z.object({
    ...about,
    ...moved,
    voteId: z.string(),
    comment: disclosed,
    decision,
  }),
  /** The quorum is met: by whom, in which role, on which pin. */
  'promotion.approved': z.object({
    ...about,
    ...moved,
    pinDigest: z.string(),
    policyVersion: z.string(),
    role: z.string(),
    needed: z.number(),
    voters: z.array(z.string()),
  }),
  /** An approved request lost its quorum: a vote was taken back or a voter lost the role. */
  'promotion.reopened': z.object({ ...about, ...moved, cause: z.string() }),
  'promotion.rejected': z.object({ ...about, ...moved, voteId: z.string() }),
  'promotion.withdrawn': z.object({ ...about, ...moved, reason: disclosed, decision }),
  'promotion.expired': z.object({ ...about, ...moved, expiresAt: z.string() }),
  /** The present facts differ from the pinned ones. */
  'promotion.stale': z.object({
    ...about,
    ...moved,
    differences: z.array(z.string()),
    pinDigest: z.string(),
    presentDigest: z.string().nullable(),
  }),
  /** Written before the registry is called. */
  'promotion.executing': z.object({
    ...about,
    ...moved,
    permitId: z.string(),
    pinDigest: z.string(),
    voters: z.array(z.string()),
    reason: disclosed,
    decision,
  }),
  /** The registry accepted the change. That it took place is another entry: executed. */
  'promotion.applied': z.object({ ...about, permitId: z.string() }),
  'promotion.failed': z.object({
    ...about,
    ...moved,
    permitId: z.string(),
    detail: z.string(),
  }),
  /** The change was observed; `cause` is the sequence of the entry that showed it. */
  'promotion.executed': z.object({
    ...about,
    ...moved,
    permitId: z.string(),
    cause: z.string(),
  }),
  'promotion.verified': z.object({ ...about, ...moved, permitId: z.string(), cause: z.string() }),
  /** A command that was refused, by the access policy (POLICY_DENIED) or by the workflow. */
  'promotion.refused': z.object({
    command: z.string(),
    code: z.string(),
    message: z.string(),
    requestId: z.string().nullable(),
    source: z.string().nullable(),
    model: z.string(),
    version: z.string().nullable(),
    target: z.string().nullable(),
    state: z.string().nullable(),
    comment: disclosed,
    decision: decision.nullable(),
  }),
  /** Names the permit by its id and digest; the token itself is never recorded. */
  'permit.issued': z.object({
    ...about,
    permitId: z.string(),
    tokenSha256: z.string(),
    keyId: z.string(),
    issuedAt: z.string(),
    expiresAt: z.string(),
    replaces: z.string().nullable(),
  }),
  'permit.voided': z.object({ ...about, permitId: z.string(), cause: z.string() }),
  /** From this entry on, changes of the model's targets need an approval. */
  'governance.started': z.object({
    source: z.string(),
    model: z.string(),
    policy: z.string(),
    policyVersion: z.string(),
    reason: disclosed,
    decision,
  }),
  /** A governed target changed without a permit. */
  'drift.detected': z.object({
    ...driftTarget,
    kind: z.enum(['unapproved', 'missing']),
    /** The approved version; null: the target was to be free. */
    from: z.string().nullable(),
    /** The version that came to hold it; null: it was taken off. */
    to: z.string().nullable(),
    /** The same in full, for a stage that several versions may hold. */
    approved: z.array(z.string()),
    observed: z.array(z.string()),
    interval: z.object({ earliest: z.string().nullable(), latest: z.string() }),
    actor: z.object({ id: z.string(), basis: z.string() }),
    cause: z.string(),
    severity: z.string(),
  }),
  'drift.resolved': z.object({
    ...driftTarget,
    approved: z.array(z.string()),
    how: z.enum(['returned', 'approved']),
    actor: z.object({ id: z.string(), basis: z.string() }),
    cause: z.string(),
  }),
} as const;
