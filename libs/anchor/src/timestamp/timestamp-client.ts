import type { X509Certificate } from 'node:crypto';
import { boundedRequest } from '../net/bounded-request.js';
import { timestampRequest } from './request.js';
import { verifyTimestamp } from './verify-timestamp.js';

export interface TimestampAuthority {
  readonly url: string;
  /** Pinned; null: whoever answers at the address is believed. */
  readonly certificates: readonly X509Certificate[] | null;
}

export type Stamping =
  | { readonly ok: true; readonly token: Uint8Array; readonly at: Date }
  | { readonly ok: false; readonly detail: string };

/** Asks a time-stamping authority (RFC 3161 over HTTP) and verifies what it answers. Never rejects. */
export async function requestTimestamp(
  authority: TimestampAuthority,
  bytes: Uint8Array,
  timeoutMs?: number,
): Promise<Stamping> {
  const { der, nonce } = timestampRequest(bytes);
  const answer = await boundedRequest({
    url: authority.url,
    method: 'POST',
    body: der,
    headers: {
      'content-type': 'application/timestamp-query',
      accept: 'application/timestamp-reply',
    },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  if (!answer.reached) return { ok: false, detail: answer.why };
  if (answer.status !== 200) return { ok: false, detail: `answers with status ${answer.status}` };
  const { certificates } = authority;
  const verdict = verifyTimestamp(answer.body, bytes, { certificates, nonce });
  return verdict.ok ? { ok: true, token: answer.body, at: verdict.at } : verdict;
}
