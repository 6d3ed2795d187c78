import { AppError } from '@countersign/kernel';
import type { PolicyService } from '@countersign/policy';
import {
  isObjectType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import type { GraphqlContext } from '../runtime/caller.js';
import { ACCESS_RULE, type AccessRule } from './allow.js';

type Arguments = Record<string, unknown>;
type Field = GraphQLField<unknown, GraphqlContext>;
/** What the rules ask of the policy. */
export type AccessPolicy = Pick<PolicyService, 'authorize' | 'recordDenial'>;

/** Fields that have a resolver of their own, as 'Type.field'. */
export type CustomResolvers = ReadonlySet<string>;

/**
 * Fields without a rule, as 'Type.field'. A root field and a field with a resolver of its own must say who may
 * have it; a plain field may take the rule of its type.
 */
export function fieldsWithoutRule(schema: GraphQLSchema, custom: CustomResolvers): string[] {
  return everyField(schema)
    .filter(({ type, field, root }) => ruleOf(type, field, root, custom) === null)
    .map(({ type, field }) => `${type.name}.${field.name}`);
}

/**
 * Puts the rule of each field in front of its resolver, for HTTP and WebSocket, interpreted and compiled alike.
 * Deny by default: throws when a field has no rule, so such a service does not start.
 */
export function enforceAccess(
  schema: GraphQLSchema,
  custom: CustomResolvers,
  policy: AccessPolicy,
): GraphQLSchema {
  const open = fieldsWithoutRule(schema, custom);
  if (open.length > 0) {
    throw new AppError('FIELD_WITHOUT_RULE', {
      publicMessage: `No access rule on ${open.join(', ')}.`,
      hint: 'Put a decorator of graphql/rules/allow.ts on it.',
    });
  }
  for (const { type, field, root } of everyField(schema)) {
    const rule = ruleOf(type, field, root, custom);
    if (rule !== null && rule.kind !== 'parent') guard(field, rule, policy);
    // A property read needs no function of its own; compiled queries then read it directly.
    else if (!custom.has(`${type.name}.${field.name}`)) delete field.resolve;
  }
  return schema;
}

/** The rule that holds for a field; null when nobody wrote one. */
export function ruleOf(
  type: GraphQLObjectType,
  field: Field,
  root: boolean,
  custom: CustomResolvers,
): AccessRule | null {
  const own = (field.extensions as Record<string, unknown>)[ACCESS_RULE] as AccessRule | undefined;
  if (own !== undefined) return root && own.kind === 'parent' ? null : own;
  if (root || custom.has(`${type.name}.${field.name}`)) return null;
  const ofType = (type.extensions as Record<string, unknown>)[ACCESS_RULE] as
    AccessRule | undefined;
  return ofType ?? null;
}

function guard(field: Field, rule: AccessRule, policy: AccessPolicy): void {
  const { resolve, subscribe } = field;
  if (subscribe !== undefined) {
    field.subscribe = async (parent, args, context, info): Promise<unknown> => {
      await check(rule, policy, parent, args as Arguments, context);
      return subscribe(parent, args, context, info);
    };
    return;
  }
  if (resolve === undefined) return;
  field.resolve = async (parent, args, context, info): Promise<unknown> => {
    await check(rule, policy, parent, args as Arguments, context);
    return resolve(parent, args, context, info);
  };
}

/** Resolves when the caller may have the field; throws UNAUTHENTICATED or FORBIDDEN. */
export async function check(
  rule: AccessRule,
  policy: AccessPolicy,
  parent: unknown,
  args: Record<string, unknown>,
  { caller }: GraphqlContext,
): Promise<void> {
  const { principal } = caller;
  if (rule.kind !== 'decide' && rule.kind !== 'self-or-decide') return;
  if (rule.kind === 'self-or-decide') {
    const subject = rule.subject(args);
    if (subject === null || subject === undefined || subject === principal.id) return;
  }
  const object = rule.object(args, parent);
  const { action } = rule;
  const decision = await caller.decideOnce(action, object, () =>
    policy.authorize(principal, action, object),
  );
  if (decision.allowed) return;
  if (rule.kind === 'decide' && rule.command) {
    await policy.recordDenial(principal, decision, { action, object });
  }
  throw new AppError('FORBIDDEN', {
    publicMessage: `This needs ${rule.action} on ${object}.`,
    hint: decision.remedy.join(' ') || 'Ask a tenant-admin for a role that allows it.',
  });
}

function everyField(
  schema: GraphQLSchema,
): { type: GraphQLObjectType; field: Field; root: boolean }[] {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type))
    .filter((type) => !type.name.startsWith('__'))
    .flatMap((type) =>
      Object.values(type.getFields()).map((field) => ({
        type,
        field: field as Field,
        root: roots.includes(type),
      })),
    );
}
