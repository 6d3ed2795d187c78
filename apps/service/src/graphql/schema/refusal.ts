import { Field, InterfaceType } from '@nestjs/graphql';

/** An expected refusal: data, not an error. */
@InterfaceType({
  description: 'Why a command did not do what was asked. Expected, recorded, and safe to show.',
  resolveType: (value: object) =>
    'decision' in value ? 'PolicyDenied' : 'current' in value ? 'PromotionRefused' : 'GrantRefused',
})
export abstract class Refusal {
  @Field(() => String, { description: 'Stable and machine-readable.' })
  code!: string;

  @Field(() => String, { description: 'What was found.' })
  message!: string;

  @Field(() => String, { nullable: true, description: 'What the caller can do about it.' })
  hint!: string | null;
}
