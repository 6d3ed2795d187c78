import { AppError } from '@countersign/kernel';
import type { Principal } from '@countersign/identity';
import Fastify, { type FastifyInstance } from 'fastify';
import { Admission } from '../../apps/service/src/http/admission.js';
import type { DoorAnswer } from '../../apps/service/src/http/door-answers.js';
import { eventsDoor } from '../../apps/service/src/http/events-door.js';
import { lineageDoor } from '../../apps/service/src/http/lineage-door.js';
import { webhookDoor } from '../../apps/service/src/http/webhook-door.js';
import type { IngestRig } from './ingest-rig.js';

/** The doors on a port of their own. */
export interface Doors {
  readonly app: FastifyInstance;
  readonly url: string;
  readonly admission: Admission;
  /** `door answer` of each counted delivery. */
  readonly counted: string[];
  /** Whom a bearer token stands for. */
  readonly tokens: Map<string, Principal>;
  /** `principal action` pairs that are not allowed. */
  readonly denied: Set<string>;
}

export interface DoorsOptions {
  readonly admission?: Admission;
  readonly ingest?: IngestRig['ingest'];
}

export async function openDoors(rig: IngestRig, options: DoorsOptions = {}): Promise<Doors> {
  const app = Fastify({ logger: false });
  const admission = options.admission ?? new Admission();
  const tokens = new Map<string, Principal>();
  const denied = new Set<string>();
  const counted: string[] = [];
  const common = {
    ingest: options.ingest ?? rig.ingest,
    clock: rig.clock,
    admission,
    count: (door: string, answer: DoorAnswer) => counted.push(`${door} ${answer}`),
    access: {
      authenticate: async (token: string) => {
        const principal = tokens.get(token);
        if (principal !== undefined) return principal;
        throw new AppError('UNAUTHENTICATED', {
          publicMessage: 'The access token is not valid here.',
          hint: 'Get a new one.',
        });
      },
      authorize: async (principal: Principal, action: string) => ({
        allowed: !denied.has(`${principal.id} ${action}`),
        remedy: ['Ask for the role ml-engineer.'],
      }),
    },
  };
  await app.register(webhookDoor, { ...common, sources: rig.sources });
  await app.register(lineageDoor, common);
  await app.register(eventsDoor, common);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { app, url, admission, counted, tokens, denied };
}

/** An answer with its body parsed. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test looks into it
  readonly body: any;
}

export async function post(
  url: string,
  body: Uint8Array | string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const response = await fetch(url, {
    method: 'POST',
    body: new Blob([Uint8Array.from(bytes)]),
    headers,
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? null : JSON.parse(text),
  };
}
