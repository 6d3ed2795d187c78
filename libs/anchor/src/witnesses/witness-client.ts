import {
  formatAddCheckpoint,
  sha256Hex,
  verifyCosignatures,
  type AddCheckpoint,
} from '@countersign/chain';
import { boundedRequest, type Answer } from '../net/bounded-request.js';
import type { KnownWitness } from './witness-set.js';

/** What a witness said to a checkpoint. */
export type Cosigning =
  | { readonly kind: 'cosigned'; readonly line: string; readonly at: Date }
  /** 409: it cosigned another size last. */
  | { readonly kind: 'conflict'; readonly size: bigint }
  /** 422: our proof does not lead from what it cosigned to what we showed. */
  | { readonly kind: 'inconsistent'; readonly detail: string }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string };

export type Address = Pick<KnownWitness, 'key' | 'name'> & { readonly url: string };

const SIZE = /^(?:0|[1-9][0-9]{0,18})\n?$/;
const TEXT_MAX = 200;

/** Asks for a cosignature (C2SP tlog-witness). What comes back is verified with the witness's key. Never rejects. */
export async function addCheckpoint(
  { key, url }: Address,
  request: AddCheckpoint,
  timeoutMs?: number,
): Promise<Cosigning> {
  const answer = await boundedRequest({
    url: `${url}/add-checkpoint`,
    method: 'POST',
    body: formatAddCheckpoint(request),
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  if (!answer.reached) return { kind: 'unreachable', detail: answer.why };
  const text = answer.body.toString('utf8');
  switch (answer.status) {
    case 200: {
      const [cosignature] = verifyCosignatures(request.checkpoint, text, [key]);
      if (cosignature === undefined) return refused(answer, 'no cosignature of its key');
      return { kind: 'cosigned', line: cosignature.line, at: cosignature.at };
    }
    case 409:
      return answer.contentType === 'text/x.tlog.size' && SIZE.test(text)
        ? { kind: 'conflict', size: BigInt(text.trim()) }
        : refused(answer, 'a conflict that names no size');
    case 422:
      return { kind: 'inconsistent', detail: text.slice(0, TEXT_MAX).trim() };
    case 400:
    case 403:
    case 404:
      return refused(answer, text);
    default:
      return answer.status >= 500
        ? { kind: 'unreachable', detail: `answers with status ${answer.status}` }
        : refused(answer, 'not an answer of a witness');
  }
}

/** A checkpoint that somebody outside keeps, unverified; null when there is none. */
export type Kept =
  | { readonly reached: true; readonly note: string | null }
  | { readonly reached: false; readonly why: string };

/** The newest checkpoint of a log that the witness shows to monitors. Never rejects. */
export async function monitoredCheckpoint(
  { url }: Pick<Address, 'url'>,
  origin: string,
  timeoutMs?: number,
): Promise<Kept> {
  const answer = await boundedRequest({
    url: `${url}/${sha256Hex(Buffer.from(origin, 'utf8'))}/checkpoint`,
    method: 'GET',
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  if (!answer.reached) return answer;
  if (answer.status === 404) return { reached: true, note: null };
  if (answer.status === 200) return { reached: true, note: answer.body.toString('utf8') };
  return { reached: false, why: `answers with status ${answer.status}` };
}

function refused(answer: Extract<Answer, { reached: true }>, text: string): Cosigning {
  return { kind: 'refused', detail: `status ${answer.status}: ${text.slice(0, TEXT_MAX).trim()}` };
}
