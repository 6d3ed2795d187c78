import 'reflect-metadata';
import {
  Field,
  GraphQLModule,
  GraphQLSchemaHost,
  ObjectType,
  Query,
  ResolveField,
  Resolver,
} from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { Test } from '@nestjs/testing';
import type { Type } from '@nestjs/common';
import type { GraphQLSchema } from 'graphql';
import { RESOLVERS } from '../graphql.resolvers.js';
import { AllowWithParent, InheritAccess } from './allow.js';
import { rememberCustomResolvers } from './custom-resolvers.js';
import { enforceAccess, fieldsWithoutRule } from './enforce-access.js';

/** The schema as the service builds it, but before the rules are put in front of the resolvers. */
async function build(
  resolvers: readonly Type[],
): Promise<{ schema: GraphQLSchema; custom: Set<string> }> {
  const custom = new Set<string>();
  const module = await Test.createTestingModule({
    imports: [
      GraphQLModule.forRoot<MercuriusDriverConfig>({
        driver: MercuriusDriver,
        autoSchemaFile: true,
        transformResolvers: (found) => {
          rememberCustomResolvers(found, custom);
          return found;
        },
      }),
    ],
    providers: [...resolvers],
  })
    .useMocker(() => ({}))
    .compile();
  await module.init();
  return { schema: module.get(GraphQLSchemaHost).schema, custom };
}

@InheritAccess()
@ObjectType({ description: 'For the mutants.' })
class Ruled {
  @Field(() => String, { description: 'Plain.' })
  plain!: string;
}

@ObjectType({ description: 'For the mutants: its type forgot the rule.' })
class Unruled {
  @Field(() => String, { description: 'Plain.' })
  open!: string;
}

@Resolver(() => Ruled)
class ForgetfulResolver {
  @Query(() => Unruled, { description: 'A root field without a rule.' })
  forgotten(): Unruled {
    return { open: '' };
  }

  @ResolveField(() => String, { description: 'An edge without a rule, on a type with one.' })
  edge(): string {
    return '';
  }
}

@Resolver()
class InheritingRootResolver {
  @AllowWithParent()
  @Query(() => Ruled, { description: 'A root field has nobody to inherit from.' })
  orphan(): Ruled {
    return { plain: '' };
  }
}

describe('access rules', () => {
  it('stand on every field of the schema', async () => {
    const { custom, schema } = await build(RESOLVERS);
    expect(custom.size).toBeGreaterThan(40);
    expect(fieldsWithoutRule(schema, custom)).toEqual([]);
  });

  // Mutants: the check must see each way of forgetting a rule, and such a service must not start.
  it('are missed on a root field, on an edge and on a plain field', async () => {
    const { custom, schema } = await build([ForgetfulResolver, InheritingRootResolver]);
    const open = fieldsWithoutRule(schema, custom);
    expect(open.sort()).toEqual(['Query.forgotten', 'Query.orphan', 'Ruled.edge', 'Unruled.open']);
    const policy = {
      authorize: () => Promise.reject(new Error()),
      recordDenial: () => Promise.resolve(),
    };
    expect(() => enforceAccess(schema, custom, policy)).toThrow(/Query\.forgotten/);
  });
});
