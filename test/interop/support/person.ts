import { z } from 'zod';

const tokenSchema = z.object({ access_token: z.string() });

interface GraphqlError {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly hint?: string };
}

/** What a query gave: its author knows the shape, and a wrong one fails the test. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Answer = any;

/** One person of the demo, over HTTP. */
export class Person {
  #token: Promise<string> | undefined;

  constructor(
    readonly url: string,
    readonly name: string,
  ) {}

  /** An access token; the issuer's keys outlive a restart, so one serves a whole spec. */
  token(): Promise<string> {
    this.#token ??= this.#requestToken().catch((error: unknown) => {
      this.#token = undefined;
      throw error;
    });
    return this.#token;
  }

  /** Throws with the service's code and message. */
  async ask<Data = Answer>(
    query: string,
    variables: Readonly<Record<string, unknown>> = {},
  ): Promise<Data> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await this.token()}`,
      },
      body: JSON.stringify({ query, variables }),
    });
    const answer = (await response.json()) as { data?: Data; errors?: GraphqlError[] };
    const [error] = answer.errors ?? [];
    if (error !== undefined || answer.data === undefined) {
      const { code = String(response.status), hint = '' } = error?.extensions ?? {};
      throw new Error(`${this.name}: ${code} ${error?.message ?? JSON.stringify(answer)} ${hint}`);
    }
    return answer.data;
  }

  async #requestToken(): Promise<string> {
    const response = await fetch(`${this.url}/dev-issuer/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'urn:countersign:dev-person',
        client_id: 'countersign-cli',
        person: this.name,
      }).toString(),
    });
    return tokenSchema.parse(await response.json()).access_token;
  }
}
