import { Field, InputType } from '@nestjs/graphql';
import { DateTimeScalar } from '../schema/scalars.js';

@InputType({ description: 'A question to the access policy.' })
export class DecideInput {
  @Field(() => String, { nullable: true, description: 'Whom it is about; the caller by default.' })
  subject?: string | null;

  @Field(() => String, { description: "Such as 'promotion.approve'." })
  action!: string;

  @Field(() => String, { description: "Such as 'model/card-fraud'." })
  object!: string;
}

@InputType({ description: 'A role for a subject.' })
export class GrantRoleInput {
  @Field(() => String, { description: "'user:<uuid>' or 'svc:<uuid>' of this tenant." })
  subject!: string;

  @Field(() => String, { description: "Such as 'approver'." })
  role!: string;

  @Field(() => String, { nullable: true, description: "'*' by default." })
  object?: string | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'No end by default.' })
  validUntil?: Date | null;

  @Field(() => String, { description: 'Why; kept in the ledger.' })
  reason!: string;
}

@InputType({ description: 'A new tenant of this installation.' })
export class OpenTenantInput {
  @Field(() => String, { description: 'Lower-case letters, digits and hyphens.' })
  slug!: string;

  @Field(() => String, { description: 'Name for people.' })
  displayName!: string;
}
