import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@countersign/kernel';
import { parse } from 'yaml';
import { z } from 'zod';
import { SEVERITIES, type PromotionPolicy } from './domain/policy.js';

/** The policy that a model is under when nobody chose another. */
export const DEFAULT_POLICY = 'default';

/** Longest life of a permit, in seconds. */
export const PERMIT_TTL_SECONDS_MAX = 600;

const word = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'expected a word such as approver');
const tier = z.strictObject({
  name: word,
  targets: z
    .array(
      z
        .string()
        .regex(/^(alias|stage):[^\s*]+$|^(alias|stage):\*$/, 'expected alias:champion or stage:*'),
    )
    .min(1),
  quorum: z.strictObject({ role: word, approvals: z.int().min(1).max(20) }),
  requestTtlSeconds: z.int().min(60).max(31_536_000),
  permitTtlSeconds: z.int().min(10).max(PERMIT_TTL_SECONDS_MAX),
  driftSeverity: z.enum(SEVERITIES),
  enforced: z.boolean().default(true),
});
const policyFile = z.strictObject({
  name: word,
  version: z.int().min(1),
  tiers: z.array(tier).min(1),
});

/** The promotion policies of the installation, by name. Read once; a changed file is another version. */
export class PolicyBook {
  readonly #policies: ReadonlyMap<string, PromotionPolicy>;

  constructor(policies: readonly PromotionPolicy[]) {
    this.#policies = new Map(policies.map((policy) => [policy.name, policy]));
  }

  /** Reads every `*.yaml` of the folder. Throws INVALID_PROMOTION_POLICY with file and place. */
  static async load(directory: string): Promise<PolicyBook> {
    const files = (await readdir(directory)).filter((name) => name.endsWith('.yaml')).sort();
    const policies = await Promise.all(
      files.map(async (file) => readPolicy(file, await readFile(join(directory, file), 'utf8'))),
    );
    const book = new PolicyBook(policies);
    if (book.find(DEFAULT_POLICY) === null) {
      throw new AppError('INVALID_PROMOTION_POLICY', {
        publicMessage: `There is no promotion policy named ${DEFAULT_POLICY} in ${directory}.`,
      });
    }
    return book;
  }

  /** Null when there is no such policy. */
  find(name: string): PromotionPolicy | null {
    return this.#policies.get(name) ?? null;
  }

  names(): string[] {
    return [...this.#policies.keys()].sort();
  }
}

/** Reads one policy; its version is its name and the digest of the text, so that every edit shows. */
export function readPolicy(file: string, text: string): PromotionPolicy {
  const read = policyFile.safeParse(parse(text));
  if (!read.success) {
    const [issue] = read.error.issues;
    const place = issue?.path.map(String).join('.') ?? '';
    throw new AppError('INVALID_PROMOTION_POLICY', {
      publicMessage: `${file}: ${place === '' ? '' : `${place}: `}${issue?.message ?? 'not a policy'}.`,
      hint: 'Compare it with policies/promotion/default.yaml.',
    });
  }
  const digest = createHash('sha256').update(text).digest('hex');
  return { ...read.data, policyVersion: `${read.data.name}@sha256:${digest}` };
}
