import { Field, InputType } from '@nestjs/graphql';
import type { SourceKind } from '@countersign/ingest';
import { SourceKindEnum } from '../schema/enums.js';

@InputType({ description: 'A connection to a registry or a tool.' })
export class CreateSourceInput {
  @Field(() => SourceKindEnum, { description: 'What it is.' })
  kind!: SourceKind;

  @Field(() => String, { description: 'Lower-case kebab, unique per kind.' })
  name!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'The shared secret that signs deliveries; made for you when left out, and shown once.',
  })
  secret?: string | null;

  @Field(() => String, { nullable: true, description: 'Root of its REST interface.' })
  baseUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'A Kafka topic that carries its events.' })
  topic?: string | null;
}
