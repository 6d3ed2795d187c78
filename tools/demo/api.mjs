// The demo talks to the service as anyone would: GraphQL and tokens over HTTP, nothing else.
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** A GraphQL client of one person. `ask` throws with the server's message and hint. */
export function person(url, name, tokenOf) {
  return {
    name,
    async ask(query, variables = {}) {
      const answer = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-requested-by': 'countersign-demo',
          authorization: `Bearer ${await tokenOf(name)}`,
        },
        body: JSON.stringify({ query, variables }),
      });
      const { data, errors } = await answer.json();
      if (errors?.length) {
        const [{ message, extensions }] = errors;
        throw new Error(`${name}: ${message}${extensions?.hint ? ` (${extensions.hint})` : ''}`);
      }
      return data;
    },
  };
}

/** Asks `read` until `done` holds. The demo waits for projections this way, never for a fixed time. */
export async function until(read, done, what, timeoutMs = 30_000) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (done(value)) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(100);
  }
}

/** The signature that MLflow puts on a delivery (docs: sources, MLflow). */
export function signMlflow(secret, deliveryId, timestamp, body) {
  const mac = createHmac('sha256', secret).update(`${deliveryId}.${timestamp}.`).update(body);
  return `v1,${mac.digest('base64')}`;
}
