/** What came back, or why nothing did. A refused status is an answer, too. */
export type Answer =
  | {
      readonly reached: true;
      readonly status: number;
      readonly contentType: string;
      readonly body: Buffer;
    }
  | { readonly reached: false; readonly why: string };

export interface BoundedRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** For the whole exchange. Default 10,000 ms. */
  readonly timeoutMs?: number;
}

/** Longest answer that is read. */
export const ANSWER_BYTES_MAX = 64 * 1024;

/**
 * Asks somebody whom we do not trust with our memory or our time: bounded answer, one deadline, no redirects (a witness
 * that moved has to be configured anew). Never rejects.
 */
export async function boundedRequest(request: BoundedRequest): Promise<Answer> {
  return receive(
    (signal) =>
      fetch(request.url, {
        method: request.method,
        redirect: 'manual',
        signal,
        ...(request.headers === undefined ? {} : { headers: request.headers }),
        ...(request.body === undefined ? {} : { body: request.body }),
      }),
    request.timeoutMs,
  );
}

/** The same for a request that somebody else sends, such as a signed one. */
export async function receive(
  send: (signal: AbortSignal) => Promise<Response>,
  timeoutMs = 10_000,
): Promise<Answer> {
  const patience = AbortSignal.timeout(timeoutMs);
  try {
    const response = await send(patience);
    const body = await bodyOf(response);
    if (body === null)
      return { reached: false, why: `answers with more than ${ANSWER_BYTES_MAX} bytes` };
    return {
      reached: true,
      status: response.status,
      contentType: (response.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '',
      body,
    };
  } catch (error) {
    return { reached: false, why: patience.aborted ? 'does not answer in time' : reasonOf(error) };
  }
}

async function bodyOf(response: Response): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > ANSWER_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** fetch wraps what the socket said. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { code?: unknown }).code;
  if (typeof code === 'string') return `cannot be reached (${code})`;
  return cause instanceof Error ? `cannot be reached (${cause.message})` : 'cannot be reached';
}
