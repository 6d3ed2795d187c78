import { z } from 'zod';
import { CommandFailure } from '../exit.js';
import { table, type Output } from '../output.js';
import { ApiClient, reach } from './api-client.js';
import { installation } from './runtime.js';
import { tokenFor, type SignIn } from './token.js';

const SOURCE = 'id kind name webhookUrl lastDeliveryAt health';
const sourceSchema = z.object({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  webhookUrl: z.string().nullable(),
  lastDeliveryAt: z.string().nullable(),
  health: z.string(),
});
type Source = z.infer<typeof sourceSchema>;
const createdSchema = z.object({ source: sourceSchema, secret: z.string().nullable() });

export interface AddOptions extends SignIn {
  readonly kind: string;
  readonly secret?: string;
  readonly baseUrl?: string;
  readonly topic?: string;
}

export async function addSource(name: string, options: AddOptions, output: Output): Promise<void> {
  const client = await connect(options);
  const { createSource } = await client.ask(
    z.object({ createSource: createdSchema }),
    `mutation ($input: CreateSourceInput!) { createSource(input: $input) { source { ${SOURCE} } secret } }`,
    {
      input: {
        name,
        kind: options.kind.toUpperCase().replaceAll('-', '_'),
        secret: options.secret,
        baseUrl: options.baseUrl,
        topic: options.topic,
      },
    },
  );
  show(createSource.source, createSource.secret, output);
}

export async function listSources(options: SignIn, output: Output): Promise<void> {
  const sources = await readSources(await connect(options));
  if (sources.length === 0) {
    output.err('No sources yet. Add one: countersign source add demo --kind mlflow --as tara@acme');
    return;
  }
  const rows = sources.map(({ health, id, kind, name }) => [kind, name, id, health]);
  for (const line of table([['KIND', 'NAME', 'ID', 'HEALTH'], ...rows])) output.out(line);
}

export async function rotateSource(
  wanted: string,
  options: SignIn & { readonly secret?: string },
  output: Output,
): Promise<void> {
  const client = await connect(options);
  const { id } = await find(client, wanted);
  const { rotateSourceSecret } = await client.ask(
    z.object({ rotateSourceSecret: createdSchema }),
    `mutation ($id: ID!, $secret: String) { rotateSourceSecret(id: $id, secret: $secret) { source { ${SOURCE} } secret } }`,
    { id, secret: options.secret },
  );
  show(rotateSourceSecret.source, rotateSourceSecret.secret, output);
  output.err('The secret before it counts for a day more: change the webhook until then.');
}

/** Knocks at the source's door with an unsigned delivery, which must be refused and leaves no trace in the ledger. */
export async function testSource(wanted: string, options: SignIn, output: Output): Promise<void> {
  const source = await find(await connect(options), wanted);
  if (source.webhookUrl === null) {
    output.out(`${source.name}: not sent to by webhook. ${source.health}`);
    return;
  }
  const response = await reach(source.webhookUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  if (response.status !== 401) {
    throw new CommandFailure(
      `${source.webhookUrl} answered ${response.status} to an unsigned delivery, not 401.`,
      'Something between here and the service answers for it. Check PUBLIC_URL and the proxy.',
    );
  }
  output.out(`${source.name}: the door answers and refuses what is not signed. ${source.health}`);
}

async function connect(options: SignIn): Promise<ApiClient> {
  const where = await installation();
  return new ApiClient(where.url, await tokenFor(where, options));
}

async function readSources(client: ApiClient): Promise<Source[]> {
  const schema = z.object({ sources: z.array(sourceSchema) });
  return (await client.ask(schema, `{ sources { ${SOURCE} } }`)).sources;
}

/** By id or by name. */
async function find(client: ApiClient, wanted: string): Promise<Source> {
  const sources = await readSources(client);
  const found = sources.filter(({ id, name }) => id === wanted || name === wanted);
  const [source] = found;
  if (source !== undefined && found.length === 1) return source;
  throw new CommandFailure(
    found.length === 0 ? `There is no source ${wanted}.` : `Several sources are named ${wanted}.`,
    'List them with countersign source list, and use the id.',
  );
}

function show(source: Source, secret: string | null, output: Output): void {
  output.out(`id       ${source.id}`);
  if (source.webhookUrl !== null) output.out(`webhook  ${source.webhookUrl}`);
  if (secret !== null) output.out(`secret   ${secret}   (shown once)`);
}
