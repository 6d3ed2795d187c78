import { Field, ID, Int, ObjectType } from '@nestjs/graphql';
import { Actor } from '../ledger/ledger.types.js';
import { InheritAccess } from '../rules/allow.js';
import { connectionType } from '../schema/connection.js';
import { BasisEnum } from '../schema/enums.js';
import { DateTimeScalar, TargetScalar } from '../schema/scalars.js';

@InheritAccess()
@ObjectType({ description: 'A label of a model or a version.' })
export class Tag {
  @Field(() => String, { description: 'Name of the tag.' })
  key!: string;

  @Field(() => String, { description: 'Its value; an empty text once erased.' })
  value!: string;
}

@InheritAccess()
@ObjectType({ description: 'A name that points at one version.' })
export class Alias {
  @Field(() => String, { description: 'The alias.' })
  name!: string;

  @Field(() => String, { description: 'The version that it points at.' })
  version!: string;
}

@InheritAccess()
@ObjectType({ description: 'When something happened, as far as known.' })
export class TimeRange {
  @Field(() => DateTimeScalar, { description: 'Not before.' })
  earliest!: Date;

  @Field(() => DateTimeScalar, { description: 'Not after. Equal to earliest when it is exact.' })
  latest!: Date;
}

@InheritAccess()
@ObjectType({ description: 'A model as its registry has it.' })
export class RegisteredModel {
  @Field(() => ID, { description: 'Identity of this incarnation.' })
  id!: string;

  @Field(() => String, { description: 'Name in the registry.' })
  name!: string;

  @Field(() => String, { description: "The source that told us, such as 'mlflow/demo'." })
  source!: string;

  @Field(() => Int, { description: 'Goes up when a deleted name is made again.' })
  incarnation!: number;

  @Field(() => String, { nullable: true, description: 'Null when not said, or once erased.' })
  description!: string | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Null: it exists.' })
  deletedAt!: Date | null;
}

@InheritAccess()
@ObjectType({ description: 'A version of a model.' })
export class ModelVersion {
  @Field(() => ID, { description: 'Identity of this version of this incarnation.' })
  id!: string;

  @Field(() => String, { description: 'As the registry numbers it.' })
  version!: string;

  @Field(() => String, { nullable: true, description: "In MLflow's spelling." })
  stage!: string | null;

  @Field(() => String, { nullable: true, description: 'The run that made it; null: not said.' })
  runId!: string | null;

  @Field(() => String, { nullable: true, description: 'Where its artifacts lie.' })
  sourceUri!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'sha256 of the artifact manifest, when it could be read.',
  })
  artifactDigest!: string | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Null when the source did not say.' })
  createdAt!: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Null: it exists.' })
  deletedAt!: Date | null;

  /** Not in the schema: what the edges are read by. */
  modelId!: string;
  modelName!: string;
  source!: string;
}

@InheritAccess()
@ObjectType({
  description:
    'A version held a target from .. to. Ranges, because a fact found by comparing snapshots has no instant.',
})
export class Placement {
  @Field(() => TargetScalar, { description: 'Which target.' })
  target!: string;

  @Field(() => TimeRange, { description: 'Since when.' })
  from!: TimeRange;

  @Field(() => TimeRange, { nullable: true, description: 'Until when; null: it still does.' })
  to!: TimeRange | null;

  @Field(() => Actor, { description: 'Who put it there, as far as known.' })
  placedBy!: Actor;

  @Field(() => BasisEnum, { description: 'How the fact is known.' })
  basis!: string;

  /** Not in the schema: what the edges are read by. */
  modelVersionId!: string;
  sequence!: bigint;
}

export const RegisteredModelConnection = connectionType('RegisteredModel', () => RegisteredModel);
export const ModelVersionConnection = connectionType('ModelVersion', () => ModelVersion);
