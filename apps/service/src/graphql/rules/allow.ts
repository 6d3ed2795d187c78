import { applyDecorators } from '@nestjs/common';
import { Extensions } from '@nestjs/graphql';

/** The object of a decision, from a field's arguments and its parent. In the spelling of the subjects. */
export type ObjectOf = (args: Record<string, unknown>, parent: unknown) => string;

/**
 * Who may have a field.
 * - `authenticated`: whoever carries a valid token; the field shows nothing but the caller's own.
 * - `decide`: the policy decides on (caller, action, object) before the resolver runs.
 * - `self-or-decide`: as `decide`, unless the field is asked about the caller.
 * - `command`: the service decides inside the transaction of the change, and records the decision.
 * - `parent`: whoever may have the parent object.
 */
export type AccessRule =
  | { readonly kind: 'authenticated' }
  | {
      readonly kind: 'decide';
      readonly action: string;
      readonly object: ObjectOf;
      /** The field changes something: a denial is written to the ledger. */
      readonly command: boolean;
    }
  | {
      readonly kind: 'self-or-decide';
      readonly action: string;
      readonly object: ObjectOf;
      readonly subject: (args: Record<string, unknown>) => string | null | undefined;
    }
  | { readonly kind: 'command'; readonly action: string }
  | { readonly kind: 'parent' };

export const ACCESS_RULE = 'access';

type RuleDecorator = MethodDecorator & PropertyDecorator;

/** The policy must allow `action` on the object. */
export function Allow(action: string, object: ObjectOf | string): RuleDecorator {
  const objectOf = typeof object === 'string' ? () => object : object;
  return rule({ kind: 'decide', action, object: objectOf, command: false });
}

/** As Allow, for a change whose service leaves the decision to its caller. A denial is recorded. */
export function AllowCommand(action: string, object: string): RuleDecorator {
  return rule({ kind: 'decide', action, object: () => object, command: true });
}

/** As Allow, but anyone may ask about themselves. */
export function AllowSelfOr(
  action: string,
  object: string,
  subject: (args: Record<string, unknown>) => string | null | undefined,
): RuleDecorator {
  return rule({ kind: 'self-or-decide', action, object: () => object, subject });
}

/** Any valid token. */
export function AllowAuthenticated(): RuleDecorator {
  return rule({ kind: 'authenticated' });
}

/** A command: its service decides, in the transaction that also records the decision. */
export function DecidedByCommand(action: string): RuleDecorator {
  return rule({ kind: 'command', action });
}

/** A field with a resolver of its own that shows no more than its parent does. */
export function AllowWithParent(): RuleDecorator {
  return rule({ kind: 'parent' });
}

/** On a type: its plain fields may be read by whoever was given the object. */
export function InheritAccess(): ClassDecorator {
  return applyDecorators(Extensions({ [ACCESS_RULE]: { kind: 'parent' } }));
}

function rule(value: AccessRule): RuleDecorator {
  return applyDecorators(Extensions({ [ACCESS_RULE]: value }));
}
