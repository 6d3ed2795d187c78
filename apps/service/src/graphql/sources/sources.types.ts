import { Field, ID, ObjectType } from '@nestjs/graphql';
import { InheritAccess } from '../rules/allow.js';
import { connectionType } from '../schema/connection.js';
import { SourceKindEnum } from '../schema/enums.js';
import { DateTimeScalar } from '../schema/scalars.js';

@InheritAccess()
@ObjectType({ description: 'A configured connection to a registry or a tool.' })
export class Source {
  @Field(() => ID, { description: 'Identity of the source.' })
  id!: string;

  @Field(() => SourceKindEnum, { description: 'What it is.' })
  kind!: string;

  @Field(() => String, { description: 'Unique per kind.' })
  name!: string;

  @Field(() => String, { nullable: true, description: 'Where it sends; null: it is not sent to.' })
  webhookUrl!: string | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Null: nothing came yet.' })
  lastDeliveryAt!: Date | null;

  @Field(() => String, {
    description: 'One line for an operator: what came last, what was refused lately.',
  })
  health!: string;
}

@InheritAccess()
@ObjectType({ description: 'A new source, or a rotated one, and what to sign with.' })
export class CreatedSource {
  @Field(() => Source, { description: 'The source.' })
  source!: Source;

  @Field(() => String, {
    nullable: true,
    description: 'The signing secret. Shown once; null when you gave it.',
  })
  secret!: string | null;
}

@InheritAccess()
@ObjectType({ description: 'A delivery that was kept without being understood.' })
export class QuarantinedDelivery {
  @Field(() => ID, { description: 'Identity of the delivery.' })
  id!: string;

  @Field(() => DateTimeScalar, { description: 'When it came.' })
  receivedAt!: Date;

  @Field(() => String, { description: 'Stable and machine-readable.' })
  reason!: string;

  @Field(() => String, { description: 'What was found.' })
  detail!: string;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Understood then; null: not yet.' })
  replayedAt!: Date | null;

  /** Not in the schema: what the edges are read by. */
  sourceId!: string;
  sequence!: bigint;
}

export const QuarantinedDeliveryConnection = connectionType(
  'QuarantinedDelivery',
  () => QuarantinedDelivery,
);
