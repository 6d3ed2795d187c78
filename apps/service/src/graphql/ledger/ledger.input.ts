import { Field, InputType } from '@nestjs/graphql';
import { DateTimeScalar, SequenceScalar } from '../schema/scalars.js';

@InputType({ description: 'Which entries to show. Absent or null fields do not restrict.' })
export class EntryFilter {
  @Field(() => [String], {
    nullable: true,
    description: "Exact types, or prefixes ending in '.*'.",
  })
  types?: string[] | null;

  @Field(() => String, { nullable: true, description: 'Actor id.' })
  actor?: string | null;

  @Field(() => String, { nullable: true, description: "Exact, or a prefix ending in '/*'." })
  subject?: string | null;

  @Field(() => [String], { nullable: true, description: 'Any of these sources.' })
  sources?: string[] | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Written down then or later.' })
  recordedFrom?: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Written down then or earlier.' })
  recordedTo?: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Happened then or later.' })
  occurredFrom?: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Happened then or earlier.' })
  occurredTo?: Date | null;

  @Field(() => SequenceScalar, { nullable: true, description: 'This sequence or a later one.' })
  fromSequence?: bigint | null;

  @Field(() => SequenceScalar, { nullable: true, description: 'This sequence or an earlier one.' })
  toSequence?: bigint | null;

  @Field(() => String, {
    nullable: true,
    description: 'Words in type, subject, actor and the readable parts of the payload.',
  })
  text?: string | null;
}
