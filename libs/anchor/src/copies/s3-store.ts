import { AppError } from '@countersign/kernel';
import { AwsClient } from 'aws4fetch';
import { createHash } from 'node:crypto';
import { receive, type Answer } from '../net/bounded-request.js';
import type { WriteOnceStore } from './write-once-store.js';

export interface S3StoreOptions {
  /** Address of the store, without the bucket and without a trailing slash. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** Empty, or ends in a slash. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Object Lock in compliance mode for so many days; 0: the bucket's own rule. */
  readonly retentionDays: number;
  readonly now: () => Date;
  /** Default 10,000 ms. */
  readonly timeoutMs?: number;
}

const DAY_MS = 86_400_000;
/** `<Key>` of the first object of a listing. Our keys need no XML escapes. */
const FIRST_KEY = /<Contents>.*?<Key>([A-Za-z0-9._/-]+)<\/Key>/s;

/** Copies in a bucket of an S3-compatible store (path-style addresses, AWS Signature Version 4). */
export class S3Store implements WriteOnceStore {
  readonly name: string;
  readonly #client: AwsClient;

  constructor(private readonly options: S3StoreOptions) {
    const { accessKeyId, bucket, region, secretAccessKey } = options;
    this.name = `s3:${bucket}`;
    this.#client = new AwsClient({
      accessKeyId,
      secretAccessKey,
      region,
      service: 's3',
      retries: 0,
    });
  }

  async put(name: string, bytes: Uint8Array): Promise<'stored' | 'exists-same' | 'exists-other'> {
    const answer = await this.#ask('PUT', this.#address(name), bytes, {
      'content-type': 'text/plain; charset=utf-8',
      // S3 asks for it where a retention is given.
      'content-md5': createHash('md5').update(bytes).digest('base64'),
      'if-none-match': '*',
      ...this.#retention(),
    });
    if (answer.status === 200) return 'stored';
    // 412: it is there. 409: somebody puts it at this moment; whoever reads it next knows.
    if (answer.status !== 412 && answer.status !== 409) throw failed(this.name, answer);
    const present = await this.#get(name);
    return present.equals(bytes) ? 'exists-same' : 'exists-other';
  }

  async newest(folder: string): Promise<{ name: string; bytes: Buffer } | null> {
    const { bucket, endpoint, prefix } = this.options;
    const query = new URLSearchParams({
      'list-type': '2',
      'max-keys': '1',
      prefix: `${prefix}${folder}/`,
    });
    const answer = await this.#ask('GET', `${endpoint}/${bucket}?${query.toString()}`);
    if (answer.status !== 200) throw failed(this.name, answer);
    const key = FIRST_KEY.exec(answer.body.toString('utf8'))?.[1];
    if (key === undefined) return null;
    const name = key.slice(prefix.length);
    return { name, bytes: await this.#get(name) };
  }

  async #get(name: string): Promise<Buffer> {
    const answer = await this.#ask('GET', this.#address(name));
    if (answer.status !== 200) throw failed(this.name, answer);
    return answer.body;
  }

  async #ask(
    method: 'GET' | 'PUT',
    url: string,
    body?: Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Extract<Answer, { reached: true }>> {
    const digest = createHash('sha256')
      .update(body ?? '')
      .digest('hex');
    const request = await this.#client.sign(url, {
      method,
      headers: { ...headers, 'x-amz-content-sha256': digest },
      ...(body === undefined ? {} : { body }),
      aws: { allHeaders: true },
    });
    const answer = await receive(
      (signal) => fetch(request, { redirect: 'manual', signal }),
      this.options.timeoutMs,
    );
    if (!answer.reached) throw failed(this.name, answer);
    return answer;
  }

  #address(name: string): string {
    const { bucket, endpoint, prefix } = this.options;
    return `${endpoint}/${bucket}/${prefix}${name}`;
  }

  #retention(): Readonly<Record<string, string>> {
    const { now, retentionDays } = this.options;
    if (retentionDays === 0) return {};
    return {
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-object-lock-retain-until-date': new Date(
        now().getTime() + retentionDays * DAY_MS,
      ).toISOString(),
    };
  }
}

function failed(store: string, answer: Answer): AppError {
  const why = answer.reached
    ? `answers with status ${answer.status} ${/<Code>([A-Za-z]+)<\/Code>/.exec(answer.body.toString('utf8'))?.[1] ?? ''}`
    : answer.why;
  return new AppError('COPY_FAILED', {
    publicMessage: `The write-once store ${store} ${why}.`,
    hint: 'Check ANCHOR_S3_ENDPOINT, bucket, region and key; the key must be allowed to put, get and list.',
  });
}
