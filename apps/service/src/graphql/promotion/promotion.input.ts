import { Field, ID, InputType, Int } from '@nestjs/graphql';
import { VoteDecisionEnum } from '../schema/enums.js';
import { TargetScalar } from '../schema/scalars.js';

@InputType({ description: 'A version and where it shall go.' })
export class RequestPromotionInput {
  @Field(() => String, { description: 'Name of the model.' })
  model!: string;

  @Field(() => String, { description: 'The version, as the registry numbers it.' })
  version!: string;

  @Field(() => TargetScalar, { description: 'Where it shall go.' })
  target!: string;

  @Field(() => String, { nullable: true, description: 'Why; shown to the voters.' })
  reason?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Needed only when several sources have a model of this name.',
  })
  source?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The same key with the same input answers the same request.',
  })
  idempotencyKey?: string | null;
}

@InputType({ description: 'A vote on a request.' })
export class CastVoteInput {
  @Field(() => ID, { description: 'Which request.' })
  requestId!: string;

  @Field(() => VoteDecisionEnum, { description: 'For or against.' })
  decision!: 'APPROVE' | 'REJECT';

  @Field(() => String, { description: 'The role in which it is cast.' })
  role!: string;

  @Field(() => String, { nullable: true, description: 'Kept in the ledger, erasable.' })
  comment?: string | null;

  @Field(() => Int, { description: 'The rowVersion that the voter has seen.' })
  rowVersion!: number;
}

@InputType({ description: 'A command on a request.' })
export class PromotionCommandInput {
  @Field(() => ID, { description: 'Which request.' })
  requestId!: string;

  @Field(() => Int, { description: 'The rowVersion that the caller has seen.' })
  rowVersion!: number;

  @Field(() => String, { nullable: true, description: 'Kept in the ledger, erasable.' })
  reason?: string | null;
}

@InputType({ description: 'A model that shall be governed.' })
export class GovernModelInput {
  @Field(() => String, { description: 'Name of the model.' })
  model!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Needed only when several sources have a model of this name.',
  })
  source?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Name of the policy; 'default' if left out.",
  })
  policy?: string | null;

  @Field(() => String, { nullable: true, description: 'Why; kept in the ledger.' })
  reason?: string | null;
}
