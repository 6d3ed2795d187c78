import { isScalarType } from 'graphql';

/** Notes all fields that have a resolver of their own, as 'Type.field', from what Nest found in the classes. */
export function rememberCustomResolvers(
  resolvers: object | readonly object[],
  into: Set<string>,
): void {
  for (const part of [resolvers].flat()) {
    for (const [type, fields] of Object.entries(part)) {
      if (typeof fields !== 'object' || fields === null || isScalarType(fields)) continue;
      for (const field of Object.keys(fields as object)) into.add(`${type}.${field}`);
    }
  }
}
