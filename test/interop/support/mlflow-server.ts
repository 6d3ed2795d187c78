import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer } from './person.js';
import { mlflow, required } from './rigs.js';

/** The 15 kinds of event that MLflow 3.17 sends. */
export const EVENT_KINDS = [
  ['registered_model', 'created'],
  ['model_version', 'created'],
  ['model_version_tag', 'set'],
  ['model_version_tag', 'deleted'],
  ['model_version_alias', 'created'],
  ['model_version_alias', 'deleted'],
  ['prompt', 'created'],
  ['prompt_version', 'created'],
  ['prompt_tag', 'set'],
  ['prompt_tag', 'deleted'],
  ['prompt_version_tag', 'set'],
  ['prompt_version_tag', 'deleted'],
  ['prompt_alias', 'created'],
  ['prompt_alias', 'deleted'],
  ['budget_policy', 'exceeded'],
] as const;

const events = EVENT_KINDS.map(([entity, action]) => ({
  entity: entity.toUpperCase(),
  action: action.toUpperCase(),
}));

/** A call to the server's REST interface. Throws when it is refused. */
export async function rest(path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${required(mlflow).url}/api/2.0/mlflow/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** Subscribes an address to all kinds of event. Returns the webhook's id. */
export async function subscribe(name: string, url: string, secret: string): Promise<string> {
  const answer = await rest('webhooks', { name, url, secret, status: 'ACTIVE', events });
  return answer.webhook.webhook_id;
}

/** Has the server send its example of each kind, as its test button does. */
export async function sendExamples(webhookId: string): Promise<void> {
  for (const event of events) await rest(`webhooks/${webhookId}/test`, { event });
}

/** A model as the server shows it, in the words of our API. */
export interface ModelState {
  readonly aliases: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, VersionState>>;
}

export interface VersionState {
  readonly sourceUri: string | null;
  readonly runId: string | null;
  readonly tags: Readonly<Record<string, string>>;
}

interface Pair {
  readonly key: string;
  readonly value: string;
}

export const asRecord = (pairs: readonly Pair[]): Record<string, string> =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, value]));

/** Every model that is no prompt, with its versions: what the server itself says. */
export async function serverState(): Promise<Record<string, ModelState>> {
  const { registered_models: models = [] } = await rest(
    'registered-models/search?max_results=1000',
  );
  const { model_versions: versions = [] } = await rest('model-versions/search?max_results=10000');
  const state: Record<string, ModelState> = {};
  for (const model of models) {
    const aliases = (model.aliases ?? []) as { alias: string; version: string }[];
    const own = versions.filter((version: Answer) => version.name === model.name);
    state[model.name] = {
      aliases: Object.fromEntries(aliases.map(({ alias, version }) => [alias, version])),
      versions: Object.fromEntries(
        own.map((version: Answer) => [
          version.version,
          {
            sourceUri: version.source === '' ? null : version.source,
            runId: version.run_id === '' ? null : version.run_id,
            tags: asRecord(version.tags ?? []),
          },
        ]),
      ),
    };
  }
  return state;
}

/** Takes note of what the server sends to it: an account beside the ledger's. */
export class Listener {
  readonly bodies: string[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.bodies.push(Buffer.concat(chunks).toString('utf8'));
        response.writeHead(200).end();
      });
    });
  }

  static async start(): Promise<Listener> {
    const listener = new Listener();
    await new Promise<void>((resolve) => {
      listener.#server.listen(0, '127.0.0.1', resolve);
    });
    return listener;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** What an event says, without the moment at which its body was made: one event, several receivers. */
export function eventOf(body: string): string {
  const { action, data, entity } = JSON.parse(body) as Record<string, unknown>;
  return JSON.stringify({ entity, action, data });
}
