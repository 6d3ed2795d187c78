import { z } from 'zod';
import { CommandFailure } from '../exit.js';

const answerSchema = z.object({
  data: z.unknown().optional(),
  errors: z
    .array(
      z.object({
        message: z.string(),
        extensions: z.object({ code: z.string(), hint: z.string().nullish() }).partial().optional(),
      }),
    )
    .optional(),
});

/** The GraphQL API over HTTP, with one person's token. */
export class ApiClient {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  /** Throws CommandFailure with the service's own words. */
  async ask<Data>(
    schema: z.ZodType<Data>,
    query: string,
    variables: Readonly<Record<string, unknown>> = {},
  ): Promise<Data> {
    const response = await reach(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ query, variables }),
    });
    const answer = answerSchema.safeParse(await response.json().catch(() => null));
    if (!answer.success) {
      throw new CommandFailure(
        `${this.url} does not answer like Countersign (status ${response.status}).`,
        'Is another program on that port? Set PUBLIC_URL or PORT to the service.',
      );
    }
    const [error] = answer.data.errors ?? [];
    if (error !== undefined) {
      throw new CommandFailure(error.message, error.extensions?.hint ?? '');
    }
    return schema.parse(answer.data.data);
  }
}

const TIMEOUT_MS = 30_000;

/** fetch, with a sentence when nobody answers. */
export async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new CommandFailure(
      `No service answers at ${new URL(url).origin}.`,
      'Start it with npm start, or set PUBLIC_URL to where it runs.',
    );
  }
}
