import { DEFAULT_LIMITS, isJsonObject, parseStrictJson, type JsonObject } from '@countersign/chain';
import { AppError } from '@countersign/kernel';
import {
  readModelVersion,
  readRegisteredModel,
  readRun,
  type MlflowModelVersion,
  type MlflowRegisteredModel,
  type MlflowRun,
} from './mlflow-answers.js';

/** Why a call to a registry brought nothing. A closed set. */
export type MlflowRestCode =
  /** No answer: refused connection, time-out, broken off. Worth another try. */
  | 'UNREACHABLE'
  /** The registry says that there is no such thing. */
  | 'NOT_FOUND'
  /** The registry refused, or is failing; `status` says which. */
  | 'REFUSED'
  /** The answer is too large or not what MLflow sends. */
  | 'MALFORMED';

export type MlflowRestResult<Value> =
  | {
      readonly ok: true;
      readonly value: Value;
      readonly bytes: Uint8Array;
      readonly mediaType: string;
    }
  /** `detail` is safe to record: no credentials, no personal values. */
  | {
      readonly ok: false;
      readonly code: MlflowRestCode;
      readonly status: number | null;
      readonly detail: string;
    };

export interface MlflowRestOptions {
  /** Root of the server, http or https, without credentials; a path is a static prefix. */
  readonly baseUrl: string;
  /** Sent as it is, e.g. `Bearer …` or `Basic …`. */
  readonly authorization?: string;
  /** For one call, connection and body together. Default 10,000. */
  readonly timeoutMs?: number;
  /** Default 4 MiB: a version or a run with its tags and inputs is a few kilobytes. */
  readonly answerBytesMax?: number;
}

const API = 'api/2.0/mlflow/';
const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
const DETAIL_CHARS_MAX = 300;

interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: readonly (readonly [string, string])[];
  readonly body?: JsonObject;
}

type Fetched = { readonly status: number; readonly bytes: Uint8Array; readonly mediaType: string };

/**
 * MLflow's REST interface, as much of it as is needed. Answers are read with the strict reader, so integers
 * beyond 2^53 stay exact; failures come back as values with a code. Follows no redirect. Never retries: the
 * callers know what may be repeated.
 */
export class MlflowRest {
  readonly #root: URL;
  readonly #authorization: string | undefined;
  readonly #timeoutMs: number;
  readonly #answerBytesMax: number;

  /** Throws BAD_REQUEST when baseUrl is no http(s) address or carries credentials, a query or a fragment. */
  constructor(options: MlflowRestOptions) {
    this.#root = rootOf(options.baseUrl);
    this.#authorization = options.authorization;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#answerBytesMax = options.answerBytesMax ?? ANSWER_BYTES_MAX;
  }

  getModelVersion(name: string, version: string): Promise<MlflowRestResult<MlflowModelVersion>> {
    const query = [
      ['name', name],
      ['version', version],
    ] as const;
    return this.#read({ method: 'GET', path: 'model-versions/get', query }, readModelVersion);
  }

  getRun(runId: string): Promise<MlflowRestResult<MlflowRun>> {
    return this.#read({ method: 'GET', path: 'runs/get', query: [['run_id', runId]] }, readRun);
  }

  getRegisteredModel(name: string): Promise<MlflowRestResult<MlflowRegisteredModel>> {
    const query = [['name', name]] as const;
    return this.#read({ method: 'GET', path: 'registered-models/get', query }, readRegisteredModel);
  }

  /** Points an alias at a version, wherever it pointed before. Repeating it changes nothing. */
  setAlias(name: string, alias: string, version: string): Promise<MlflowRestResult<JsonObject>> {
    const body = { name, alias, version };
    return this.#read({ method: 'POST', path: 'registered-models/alias', body }, asItIs);
  }

  /** Removes an alias; MLflow answers the same when there was none. */
  deleteAlias(name: string, alias: string): Promise<MlflowRestResult<JsonObject>> {
    const body = { name, alias };
    return this.#read({ method: 'DELETE', path: 'registered-models/alias', body }, asItIs);
  }

  /** Moves a version into a stage; the versions that held it go to Archived unless told otherwise. */
  transitionStage(
    name: string,
    version: string,
    stage: string,
    options: { readonly archiveExisting?: boolean } = {},
  ): Promise<MlflowRestResult<MlflowModelVersion>> {
    // MLflow answers 500 to archiving the holders of Archived.
    const archive = stage !== 'Archived' && stage !== 'None' && options.archiveExisting !== false;
    const body = { name, version, stage, archive_existing_versions: archive };
    const call: Call = { method: 'POST', path: 'model-versions/transition-stage', body };
    return this.#read(call, readModelVersion);
  }

  /** One page of a search, as it came. GET searches take parameters, POST searches a body. */
  search(
    call:
      | {
          readonly of: 'registered-models' | 'model-versions';
          readonly query: readonly (readonly [string, string])[];
        }
      | { readonly of: 'experiments' | 'runs' | 'logged-models'; readonly body: JsonObject },
  ): Promise<MlflowRestResult<JsonObject>> {
    const path = `${call.of}/search`;
    const request: Call =
      'query' in call
        ? { method: 'GET', path, query: call.query }
        : { method: 'POST', path, body: call.body };
    return this.#read(request, asItIs);
  }

  async #read<Value>(
    call: Call,
    read: (answer: JsonObject) => Value | null,
  ): Promise<MlflowRestResult<Value>> {
    const fetched = await this.#fetch(call);
    if ('code' in fetched) return fetched;
    const { bytes, mediaType, status } = fetched;
    const parsed = parseStrictJson(bytes, { ...DEFAULT_LIMITS, bytesMax: this.#answerBytesMax });
    const answer = parsed.ok && isJsonObject(parsed.value) ? parsed.value : null;
    if (status < 200 || status > 299) return refused(status, answer);
    if (answer === null) {
      const reason = parsed.ok ? 'not a JSON object' : `${parsed.code}: ${parsed.detail}`;
      return failed('MALFORMED', status, `${call.path}: ${reason}`);
    }
    const value = read(answer);
    if (value === null)
      return failed('MALFORMED', status, `${call.path}: not the answer of MLflow`);
    return { ok: true, value, bytes, mediaType };
  }

  async #fetch(call: Call): Promise<Fetched | Failure> {
    const url = new URL(`${API}${call.path}`, this.#root);
    for (const [key, value] of call.query ?? []) url.searchParams.append(key, value);
    const headers: Record<string, string> = { accept: 'application/json' };
    if (this.#authorization !== undefined) headers['authorization'] = this.#authorization;
    if (call.body !== undefined) headers['content-type'] = 'application/json';
    try {
      const response = await fetch(url, {
        method: call.method,
        headers,
        redirect: 'manual',
        signal: AbortSignal.timeout(this.#timeoutMs),
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      });
      const bytes = await bounded(response, this.#answerBytesMax);
      if (bytes === null) {
        return failed(
          'MALFORMED',
          response.status,
          `${call.path}: over ${this.#answerBytesMax} bytes`,
        );
      }
      const mediaType = response.headers.get('content-type') ?? 'application/octet-stream';
      return { status: response.status, bytes, mediaType };
    } catch (error) {
      return failed('UNREACHABLE', null, `${call.path}: ${causeOf(error)}`);
    }
  }
}

type Failure = Extract<MlflowRestResult<never>, { ok: false }>;

function failed(code: MlflowRestCode, status: number | null, detail: string): Failure {
  return { ok: false, code, status, detail: detail.slice(0, DETAIL_CHARS_MAX) };
}

/** MLflow names what went wrong in `error_code`; its message may hold anything and is left out. */
function refused(status: number, answer: JsonObject | null): Failure {
  const errorCode = typeof answer?.['error_code'] === 'string' ? answer['error_code'] : '';
  const known = /^[A-Z_]{1,64}$/.test(errorCode) ? ` ${errorCode}` : '';
  const missing = status === 404 || errorCode === 'RESOURCE_DOES_NOT_EXIST';
  return failed(missing ? 'NOT_FOUND' : 'REFUSED', status, `HTTP ${status}${known}`);
}

/** The body, or null as soon as it is longer than allowed. */
async function bounded(response: Response, bytesMax: number): Promise<Uint8Array | null> {
  if (response.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > bytesMax) return null; // leaving the loop cancels the stream
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** fetch() says "fetch failed" and keeps the reason, such as ECONNREFUSED, in `cause`. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string')
    return cause.code;
  return error.name === 'TimeoutError' ? 'no answer in time' : error.name;
}

function asItIs(answer: JsonObject): JsonObject {
  return answer;
}

function rootOf(baseUrl: string): URL {
  let url: URL | null = null;
  try {
    url = new URL(baseUrl);
  } catch {
    // no address at all: refused below
  }
  const plain =
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    url.hash === '';
  if (url === null || !plain) {
    throw new AppError('BAD_REQUEST', {
      publicMessage: 'The base URL of a registry is an http or https address without credentials.',
      hint: 'For example https://mlflow.example.org or https://example.org/mlflow.',
    });
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
