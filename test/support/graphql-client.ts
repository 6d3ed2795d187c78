export interface GraphqlError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: {
    readonly code: string;
    readonly hint: string | null;
    readonly requestId: string;
  };
}

export interface GraphqlAnswer<Data> {
  readonly status: number;
  readonly data: Data | null;
  readonly errors: readonly GraphqlError[];
  /** As it came, to look for what must not be in it. */
  readonly text: string;
}

/** GraphQL over HTTP as any client does it. */
export class GraphqlClient {
  constructor(
    readonly url: string,
    readonly token: string | null,
  ) {}

  async ask<Data = Record<string, unknown>>(
    query: string,
    variables: Readonly<Record<string, unknown>> = {},
  ): Promise<GraphqlAnswer<Data>> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(this.token === null ? {} : { authorization: `Bearer ${this.token}` }),
      },
      body: JSON.stringify({ query, variables }),
    });
    const text = await response.text();
    const { data, errors } = JSON.parse(text) as {
      data?: Data | null;
      errors?: GraphqlError[];
    };
    return { status: response.status, data: data ?? null, errors: errors ?? [], text };
  }

  /** The data of an operation that must succeed. */
  async must<Data = Record<string, unknown>>(
    query: string,
    variables: Readonly<Record<string, unknown>> = {},
  ): Promise<Data> {
    const { data, errors } = await this.ask<Data>(query, variables);
    const [error] = errors;
    if (error !== undefined || data === null) {
      throw new Error(`${error?.extensions.code ?? ''} ${error?.message ?? 'no data'} in ${query}`);
    }
    return data;
  }

  /** The code of an operation that must fail. */
  async code(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const { errors } = await this.ask(query, variables);
    return errors[0]?.extensions.code ?? 'none';
  }
}
