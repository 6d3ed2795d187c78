import type { PromotionRequestRecord } from '@countersign/promotion';
import type { JsonObject } from '@countersign/kernel';
import { createUnionType, Field, ID, Int, ObjectType } from '@nestjs/graphql';
import { PolicyDenied } from '../access/access.types.js';
import { Actor } from '../ledger/ledger.types.js';
import { InheritAccess } from '../rules/allow.js';
import { connectionType } from '../schema/connection.js';
import { GateOutcomeEnum, PromotionStateEnum, VoteDecisionEnum } from '../schema/enums.js';
import { Refusal } from '../schema/refusal.js';
import { DateTimeScalar, JsonScalar, SequenceScalar, TargetScalar } from '../schema/scalars.js';

@InheritAccess()
@ObjectType({ description: 'One person’s vote.' })
export class Vote {
  @Field(() => ID, { description: 'Identity of the vote.' })
  id!: string;

  @Field(() => VoteDecisionEnum, { description: 'For or against.' })
  decision!: string;

  @Field(() => String, { description: 'The role in which it was cast.' })
  role!: string;

  @Field(() => Actor, { description: 'Who voted.' })
  castBy!: Actor;

  @Field(() => DateTimeScalar, { description: 'When.' })
  castAt!: Date;

  /** Not a field: where the comment stands. */
  saidIn!: string;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Taken back then; null: it counts.' })
  revokedAt!: Date | null;
}

@InheritAccess()
@ObjectType({
  description: "One line of what is still missing: '2 of 2 approvers', 'gate lineage-complete'.",
})
export class Requirement {
  @Field(() => String, { description: 'Which requirement.' })
  name!: string;

  @Field(() => Boolean, { description: 'Whether it holds now.' })
  met!: boolean;

  @Field(() => String, { description: 'How far it is.' })
  detail!: string;
}

@InheritAccess()
@ObjectType({ description: 'A check by machine, and what it looked at.' })
export class GateResult {
  @Field(() => String, { description: 'Which gate.' })
  gate!: string;

  @Field(() => GateOutcomeEnum, { description: 'UNKNOWN holds back like FAIL.' })
  outcome!: string;

  @Field(() => String, { description: 'What was found.' })
  detail!: string;

  @Field(() => String, { description: 'Digest of what the gate read.' })
  inputsDigest!: string;
}

@InheritAccess()
@ObjectType({ description: 'Which of the caller’s roles could vote now, or why not.' })
export class Eligibility {
  @Field(() => Boolean, { description: 'Whether a vote of the caller would be taken.' })
  canVote!: boolean;

  @Field(() => [String], { description: 'Roles in which it would be taken.' })
  roles!: string[];

  @Field(() => [String], { description: 'Why not, when not.' })
  reasons!: string[];
}

@InheritAccess()
@ObjectType({ description: 'A request to put a model version into a target.' })
export class PromotionRequest {
  @Field(() => ID, { description: 'Identity of the request.' })
  id!: string;

  @Field(() => TargetScalar, { description: 'Where the version shall go.' })
  target!: string;

  @Field(() => PromotionStateEnum, { description: 'Where the request stands.' })
  state!: string;

  @Field(() => Int, {
    description: 'Send it back with each command; a stale one is refused with CONFLICT.',
  })
  rowVersion!: number;

  @Field(() => Actor, { description: 'Who asked.' })
  requestedBy!: Actor;

  @Field(() => DateTimeScalar, { description: 'When it was asked.' })
  createdAt!: Date;

  @Field(() => DateTimeScalar, { description: 'When it lapses.' })
  expiresAt!: Date;

  @Field(() => JsonScalar, { description: 'What an approval is bound to.' })
  pin!: JsonObject;

  @Field(() => String, { description: 'Name and digest of the promotion policy.' })
  policyVersion!: string;

  @Field(() => [Vote], { description: 'Oldest first, revoked ones included.' })
  votes!: Vote[];

  /** Not in the schema: what the edges are computed from. */
  record!: PromotionRequestRecord;
}

@InheritAccess()
@ObjectType({
  implements: () => Refusal,
  description:
    'codes: SELF_APPROVAL, NOT_ELIGIBLE, ALREADY_VOTED, QUORUM_UNSATISFIABLE, STALE, EXPIRED, FROZEN, ' +
    'GATE_FAILED, CONFLICT, WRONG_STATE, ALREADY_OPEN, UNKNOWN_MODEL_VERSION, STEP_UP_REQUIRED',
})
export class PromotionRefused extends Refusal {
  @Field(() => PromotionRequest, {
    nullable: true,
    description: 'The request as it stands, when there is one.',
  })
  current!: PromotionRequest | null;
}

export const PromotionResult = createUnionType({
  name: 'PromotionResult',
  description: 'What a promotion command answers.',
  types: () => [PromotionRequest, PolicyDenied, PromotionRefused] as const,
  resolveType: (value: object) =>
    'decision' in value ? PolicyDenied : 'code' in value ? PromotionRefused : PromotionRequest,
});

@InheritAccess()
@ObjectType({ description: 'A model under a promotion policy since a point of the ledger.' })
export class Governance {
  @Field(() => String, { description: 'The source that the model belongs to.' })
  source!: string;

  @Field(() => String, { description: 'Name of the model.' })
  model!: string;

  @Field(() => String, { description: 'Name of the policy.' })
  policy!: string;

  @Field(() => String, { description: 'Name and digest of the policy file.' })
  policyVersion!: string;

  @Field(() => SequenceScalar, { description: 'What happened before is history, not drift.' })
  sinceSequence!: bigint;

  @Field(() => DateTimeScalar, { description: 'Since when.' })
  startedAt!: Date;

  @Field(() => Actor, { description: 'Who put it there.' })
  startedBy!: Actor;
}

export const GovernanceResult = createUnionType({
  name: 'GovernanceResult',
  description: 'What putting a model under a policy answers.',
  types: () => [Governance, PolicyDenied, PromotionRefused] as const,
  resolveType: (value: object) =>
    'decision' in value ? PolicyDenied : 'code' in value ? PromotionRefused : Governance,
});

@InheritAccess()
@ObjectType({ description: 'A one-use statement that an approved change may be made.' })
export class Permit {
  @Field(() => ID, { description: 'Its jti.' })
  jti!: string;

  @Field(() => DateTimeScalar, { description: 'Signed then.' })
  issuedAt!: Date;

  @Field(() => DateTimeScalar, { description: 'Good until then.' })
  expiresAt!: Date;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Used then; null: not yet.' })
  consumedAt!: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Made void then; null: not.' })
  voidedAt!: Date | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Compact JWS (EdDSA), verifies with /.well-known/jwks.json; null once used or void.',
  })
  token!: string | null;
}

@InheritAccess()
@ObjectType({ description: 'A governed target that is not where its last approval put it.' })
export class Drift {
  @Field(() => ID, { description: 'Identity of the finding.' })
  id!: string;

  @Field(() => String, { description: 'The source that the model belongs to.' })
  source!: string;

  @Field(() => String, { description: 'Name of the model.' })
  model!: string;

  @Field(() => TargetScalar, { description: 'Which target drifted.' })
  target!: string;

  @Field(() => [String], { description: 'The versions that were approved last.' })
  approvedVersions!: string[];

  @Field(() => [String], { description: 'The versions that hold the target instead.' })
  observedVersions!: string[];

  @Field(() => String, { description: 'As the policy says: low, medium, high or critical.' })
  severity!: string;

  @Field(() => DateTimeScalar, { nullable: true, description: 'It happened then or later.' })
  earliest!: Date | null;

  @Field(() => DateTimeScalar, { description: 'It happened then or earlier.' })
  latest!: Date;

  @Field(() => Actor, { description: "Who did it; 'unknown' when the source does not say." })
  actor!: Actor;

  @Field(() => SequenceScalar, { description: 'The entry in which it was seen.' })
  causeSequence!: bigint;

  @Field(() => SequenceScalar, { nullable: true, description: 'The entry that put it right.' })
  resolvedBySequence!: bigint | null;
}

export const PromotionRequestConnection = connectionType(
  'PromotionRequest',
  () => PromotionRequest,
);
export const DriftConnection = connectionType('Drift', () => Drift);
