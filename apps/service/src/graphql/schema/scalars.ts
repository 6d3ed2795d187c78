import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

const DATE_TIME =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;
const SEQUENCE = /^(0|[1-9]\d{0,18})$/;
const SEQUENCE_MAX = 2n ** 63n - 1n;
const TARGET = /^(stage|alias):(.{1,256})$/u;

/** RFC 3339 with a zone. Read as an instant of millisecond resolution, written in UTC. */
export const DateTimeScalar = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description: "An instant as RFC 3339, written in UTC: '2026-11-21T10:00:00.000Z'.",
  serialize: (value) => {
    if (value instanceof Date) return value.toISOString();
    throw new GraphQLError('A DateTime must be made of a Date.');
  },
  parseValue: (value) => readDateTime(value),
  parseLiteral: (node) => readDateTime(node.kind === Kind.STRING ? node.value : null),
});

/** A 64-bit count as a decimal string; a bigint inside. */
export const SequenceScalar = new GraphQLScalarType<bigint, string>({
  name: 'Sequence',
  description: "A 64-bit count as a decimal string: '17'.",
  serialize: (value) => {
    if (typeof value === 'bigint') return value.toString();
    throw new GraphQLError('A Sequence must be made of a bigint.');
  },
  parseValue: (value) =>
    readSequence(typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value),
  parseLiteral: (node) =>
    readSequence(node.kind === Kind.STRING || node.kind === Kind.INT ? node.value : null),
});

/** Where a version can be put. */
export const TargetScalar = new GraphQLScalarType<string, string>({
  name: 'Target',
  description:
    "Where a version can be put: 'stage:Production' or 'alias:champion'. Stages in MLflow's spelling.",
  serialize: (value) => {
    if (typeof value === 'string') return value;
    throw new GraphQLError('A Target must be made of a string.');
  },
  parseValue: (value) => readTarget(value),
  parseLiteral: (node) => readTarget(node.kind === Kind.STRING ? node.value : null),
});

/** Any JSON value, as it stands. Output only: no argument of the schema takes it. */
export const JsonScalar = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: () => {
    throw new GraphQLError('JSON is an output only.');
  },
});

function readDateTime(value: unknown): Date {
  if (typeof value === 'string' && DATE_TIME.test(value)) {
    const instant = new Date(value);
    if (!Number.isNaN(instant.getTime())) return instant;
  }
  throw new GraphQLError(
    "A DateTime is RFC 3339 with seconds and a zone, such as '2026-11-21T10:00:00Z'.",
  );
}

function readSequence(value: unknown): bigint {
  if (typeof value === 'string' && SEQUENCE.test(value)) {
    const sequence = BigInt(value);
    if (sequence <= SEQUENCE_MAX) return sequence;
  }
  throw new GraphQLError("A Sequence is a decimal string from '0' to '9223372036854775807'.");
}

function readTarget(value: unknown): string {
  if (typeof value === 'string' && TARGET.test(value)) return value;
  throw new GraphQLError(
    "A Target is 'stage:<Stage>' or 'alias:<alias>', such as 'alias:champion'.",
  );
}
