import { createUnionType, Field, ID, ObjectType } from '@nestjs/graphql';
import { Actor } from '../ledger/ledger.types.js';
import { InheritAccess } from '../rules/allow.js';
import { connectionType } from '../schema/connection.js';
import { Refusal } from '../schema/refusal.js';
import { DateTimeScalar, SequenceScalar } from '../schema/scalars.js';

@InheritAccess()
@ObjectType({ description: 'May this subject do this to that, and why.' })
export class Decision {
  @Field(() => Boolean, { description: 'The answer.' })
  allowed!: boolean;

  @Field(() => [String], {
    description: 'Ids of the rules that decided; empty when nothing matched.',
  })
  rules!: string[];

  @Field(() => [String], {
    description: 'From the subject over its roles to the one that the rule names.',
  })
  rolePath!: string[];

  @Field(() => String, { description: 'Version and digest of the policy that decided.' })
  policyVersion!: string;

  @Field(() => SequenceScalar, {
    description: 'Counts the changes of this tenant’s grants and rules.',
  })
  epoch!: bigint;

  @Field(() => [String], { description: 'What would change the answer.' })
  remedy!: string[];
}

@InheritAccess()
@ObjectType({ description: 'A customer of this installation: owns one ledger, sees only its own.' })
export class Tenant {
  @Field(() => ID, { description: 'Identity of the tenant.' })
  id!: string;

  @Field(() => String, { description: 'Short name, as in person@slug.' })
  slug!: string;

  @Field(() => String, { description: 'Name for people.' })
  displayName!: string;
}

@InheritAccess()
@ObjectType({ description: 'Who is logged in.' })
export class Principal {
  @Field(() => ID, { description: "'user:<uuid>' or 'svc:<uuid>', the subject of decisions." })
  id!: string;

  @Field(() => String, { description: 'Name for people.' })
  displayName!: string;
}

@InheritAccess()
@ObjectType({ description: 'A role that a subject holds on an object for a time.' })
export class RoleGrant {
  @Field(() => ID, { description: 'Identity of the grant.' })
  id!: string;

  @Field(() => String, { description: 'Who holds it.' })
  subject!: string;

  @Field(() => String, { description: "Which role, such as 'approver'." })
  role!: string;

  @Field(() => String, { description: "On what: '*', 'model/*' or one object." })
  object!: string;

  @Field(() => DateTimeScalar, { description: 'From then on.' })
  validFrom!: Date;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Until then; null: no end.' })
  validUntil!: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Taken back then; null: not.' })
  revokedAt!: Date | null;

  @Field(() => Actor, { description: 'Who gave it.' })
  grantedBy!: Actor;
}

@InheritAccess()
@ObjectType({
  implements: () => Refusal,
  description: 'The access policy does not allow the command; code POLICY_DENIED.',
})
export class PolicyDenied extends Refusal {
  @Field(() => Decision, { description: 'The decision, as it is kept in the ledger.' })
  decision!: Decision;
}

@InheritAccess()
@ObjectType({
  implements: () => Refusal,
  description: 'A grant or its revocation that was refused by a rule about grants.',
})
export class GrantRefused extends Refusal {}

export const GrantResult = createUnionType({
  name: 'GrantResult',
  description: 'What a command about role grants answers.',
  types: () => [RoleGrant, PolicyDenied, GrantRefused] as const,
  resolveType: (value: object) =>
    'decision' in value ? PolicyDenied : 'code' in value ? GrantRefused : RoleGrant,
});

export const RoleGrantConnection = connectionType('RoleGrant', () => RoleGrant);
