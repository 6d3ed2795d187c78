import { AppError } from '@countersign/kernel';
import { z } from 'zod';
import { isReadableKind, SOURCE_KINDS, TOPIC_FORMATS, type TopicFormat } from './source.js';

/** What a new source is made of. Absent and null mean the same. */
export interface CreateSourceInput {
  readonly kind: string;
  readonly name: string;
  /** Only kinds that sign deliveries have one; made when absent. */
  readonly secret?: string | null | undefined;
  readonly baseUrl?: string | null | undefined;
  readonly topic?: string | null | undefined;
  /** Of the topic's messages; follows from the kind when absent. */
  readonly format?: string | null | undefined;
}

const SECRET_BYTES = { min: 8, max: 1024 };
const absentAsNull = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value) => value ?? null);

const schema = z.object({
  kind: z.enum(SOURCE_KINDS),
  name: z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,61}[A-Za-z0-9])?$/, {
    error:
      'is 1 to 63 letters, digits, spaces, dots, dashes and underscores, with a letter or digit at both ends',
  }),
  secret: absentAsNull(
    z.string().refine((text) => inRange(Buffer.byteLength(text)), {
      error: `has ${SECRET_BYTES.min} to ${SECRET_BYTES.max} bytes`,
    }),
  ),
  baseUrl: absentAsNull(
    z
      .string()
      .max(2048)
      .transform((text, context) => {
        const url = plainUrl(text);
        if (url === null) {
          context.addIssue({
            code: 'custom',
            message: 'is an http or https address without user name, query and fragment',
          });
          return z.NEVER;
        }
        return url;
      }),
  ),
  topic: absentAsNull(
    z.string().regex(/^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/, { error: 'is a Kafka topic name' }),
  ),
  format: absentAsNull(z.enum(TOPIC_FORMATS)),
});

/** A checked input. */
export type NewSource = z.infer<typeof schema>;

/** Throws BAD_REQUEST naming the field, or NOT_SUPPORTED for a kind without an adapter. */
export function parseCreateSource(input: CreateSourceInput): NewSource {
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      (issue) => `${issue.path.join('.') || 'input'} ${issue.message}`,
    );
    throw badRequest(
      `The source cannot be made: ${problems.join('; ')}.`,
      'For example: kind MLFLOW, name mlflow-prod; leave the secret out to have one made.',
    );
  }
  const source = parsed.data;
  if (!isReadableKind(source.kind)) {
    throw new AppError('NOT_SUPPORTED', {
      publicMessage: `Sources of kind ${source.kind} cannot be read yet.`,
      hint: 'Kinds that can: MLFLOW, CLOUDEVENTS, OPENLINEAGE.',
    });
  }
  if (source.secret !== null && source.kind !== 'MLFLOW') {
    throw badRequest(
      `A source of kind ${source.kind} has no secret.`,
      'Its senders show an access token. Leave secret out.',
    );
  }
  if (source.topic !== null && source.kind === 'OPENLINEAGE') {
    throw badRequest('OpenLineage events are not read from Kafka.', 'Leave topic out.');
  }
  if (source.topic === null && source.format !== null) {
    throw badRequest(
      'A format without a topic means nothing.',
      'Give the topic, or leave format out.',
    );
  }
  if (source.kind === 'CLOUDEVENTS' && source.format === 'MLFLOW') {
    throw badRequest('MLflow-shaped messages belong to a source of kind MLFLOW.');
  }
  return source;
}

/** How a new source's topic is read: as said, else as its kind suggests. */
export function formatOf(source: Pick<NewSource, 'kind' | 'topic' | 'format'>): TopicFormat | null {
  if (source.topic === null) return null;
  return source.format ?? (source.kind === 'MLFLOW' ? 'MLFLOW' : 'CLOUDEVENTS');
}

function inRange(bytes: number): boolean {
  return bytes >= SECRET_BYTES.min && bytes <= SECRET_BYTES.max;
}

function plainUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const plain =
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    url.hash === '';
  return plain ? url.toString().replace(/\/+$/, '') : null;
}

function badRequest(publicMessage: string, hint?: string): AppError {
  return new AppError(
    'BAD_REQUEST',
    hint === undefined ? { publicMessage } : { publicMessage, hint },
  );
}
