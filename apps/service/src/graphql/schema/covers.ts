import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isUnionType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type GraphQLType,
} from 'graphql';

/**
 * What `actual` lacks of `fixed`: a type, a field, an argument, an enum value or a union member that is missing, or
 * a type that a client of `fixed` could not use. Outputs may be stricter, inputs laxer; anything may be added.
 */
export function missingFrom(actual: GraphQLSchema, fixed: GraphQLSchema): string[] {
  return Object.values(fixed.getTypeMap())
    .filter((type) => !type.name.startsWith('__'))
    .flatMap((type) => typeProblems(type, actual.getType(type.name)));
}

function typeProblems(fixed: GraphQLNamedType, actual: GraphQLNamedType | undefined): string[] {
  const { name } = fixed;
  if (actual === undefined) return [`type ${name} is missing`];
  if (fixed.constructor !== actual.constructor) return [`type ${name} is of another kind`];
  if (isScalarType(fixed)) return [];
  if (isEnumType(fixed) && isEnumType(actual)) {
    const has = new Set(actual.getValues().map((value) => value.name));
    return fixed
      .getValues()
      .filter((value) => !has.has(value.name))
      .map((value) => `${name}.${value.name} is missing`);
  }
  if (isUnionType(fixed) && isUnionType(actual)) {
    const has = new Set(actual.getTypes().map((type) => type.name));
    return fixed
      .getTypes()
      .filter((type) => !has.has(type.name))
      .map((type) => `${type.name} is no member of ${name}`);
  }
  if (isInputObjectType(fixed) && isInputObjectType(actual)) {
    const fields = actual.getFields();
    return [
      ...Object.values(fixed.getFields()).flatMap((field) =>
        inputProblems(`${name}.${field.name}`, field, fields[field.name]),
      ),
      ...Object.values(fields)
        .filter((field) => !(field.name in fixed.getFields()) && isRequired(field))
        .map((field) => `${name}.${field.name} was added and is required`),
    ];
  }
  if (
    (isObjectType(fixed) && isObjectType(actual)) ||
    (isInterfaceType(fixed) && isInterfaceType(actual))
  ) {
    const fields = actual.getFields();
    const implemented = new Set(actual.getInterfaces().map((one) => one.name));
    return [
      ...Object.values(fixed.getFields()).flatMap((field) =>
        fieldProblems(`${name}.${field.name}`, field, fields[field.name]),
      ),
      ...fixed
        .getInterfaces()
        .filter((one) => !implemented.has(one.name))
        .map((one) => `${name} does not implement ${one.name}`),
    ];
  }
  return [];
}

type Field = GraphQLField<unknown, unknown>;

function fieldProblems(path: string, fixed: Field, actual: Field | undefined): string[] {
  if (actual === undefined) return [`${path} is missing`];
  const added = actual.args.filter((arg) => !fixed.args.some((one) => one.name === arg.name));
  return [
    ...(servesAs(actual.type, fixed.type)
      ? []
      : [`${path} is ${String(actual.type)}, not ${String(fixed.type)}`]),
    ...fixed.args.flatMap((arg) =>
      inputProblems(
        `${path}(${arg.name})`,
        arg,
        actual.args.find((one) => one.name === arg.name),
      ),
    ),
    ...added.filter(isRequired).map((arg) => `${path}(${arg.name}) was added and is required`),
  ];
}

type Input = GraphQLArgument | GraphQLInputField;

function inputProblems(path: string, fixed: Input, actual: Input | undefined): string[] {
  if (actual === undefined) return [`${path} is missing`];
  return servesAs(fixed.type, actual.type)
    ? []
    : [`${path} is ${String(actual.type)}, not ${String(fixed.type)}`];
}

function isRequired(input: Input): boolean {
  return isNonNullType(input.type) && input.defaultValue === undefined;
}

/** True when whoever expects `wanted` can work with `given`: the same, or with fewer nulls. */
function servesAs(given: GraphQLType, wanted: GraphQLType): boolean {
  if (isNonNullType(wanted)) return isNonNullType(given) && servesAs(given.ofType, wanted.ofType);
  if (isNonNullType(given)) return servesAs(given.ofType, wanted);
  if (isListType(wanted)) return isListType(given) && servesAs(given.ofType, wanted.ofType);
  return !isListType(given) && given.name === wanted.name;
}
