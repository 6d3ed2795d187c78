import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@countersign/kernel';
import { parse, YAMLError } from 'yaml';
import { z } from 'zod';
import { isAction } from './actions.js';
import { isPattern } from './domain/pattern.js';
import { RoleCatalogue } from './domain/role-catalogue.js';
import type { PolicyRow } from './domain/tenant-snapshot.js';

/** The policy that every tenant starts from, as read from `policies/`. */
export interface PolicyFiles {
  /** `<VERSION>+<first 12 hex digits of the digest>`; names exactly these files. */
  readonly version: string;
  /** Text of model.conf. */
  readonly model: string;
  readonly roles: RoleCatalogue;
  readonly baseline: readonly PolicyRow[];
}

const ROLE_DEPTH_MAX = 8;
const name = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);

const rolesSchema = z.strictObject({
  roles: z.record(
    name,
    z.strictObject({ description: z.string().min(1), inherits: z.array(name) }),
  ),
  toxicPairs: z.array(z.strictObject({ roles: z.tuple([name, name]), because: z.string().min(1) })),
});

const baselineSchema = z.strictObject({
  rules: z.array(
    z.strictObject({
      id: z.string().regex(/^baseline:[a-z0-9:.-]+$/),
      role: name,
      action: z.string(),
      object: z.string(),
      effect: z.enum(['allow', 'deny']),
    }),
  ),
});

/**
 * Reads and checks `directory` (model.conf, roles.yaml, baseline/*.yaml, VERSION). Throws INVALID_POLICY that
 * lists every problem: an unknown action or role, a bad pattern, a repeated id, a cycle of roles.
 */
export function loadPolicyFiles(directory: string): PolicyFiles {
  const baselineNames = readdirSync(join(directory, 'baseline'))
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => `baseline/${file}`);
  const texts = new Map(
    ['VERSION', 'model.conf', 'roles.yaml', ...baselineNames].map((file) => [
      file,
      readFileSync(join(directory, file), 'utf8'),
    ]),
  );
  const text = (file: string) => texts.get(file) ?? '';
  const problems: string[] = [];
  const { roles, toxicPairs } = read('roles.yaml', text('roles.yaml'), rolesSchema);
  const catalogue = new RoleCatalogue(
    Object.entries(roles).map(([role, definition]) => ({ name: role, ...definition })),
    toxicPairs,
  );
  problems.push(...catalogue.problems(ROLE_DEPTH_MAX));
  const rules = baselineNames.flatMap((file) => read(file, text(file), baselineSchema).rules);
  problems.push(...ruleProblems(rules, catalogue));
  if (problems.length > 0) throw invalid(problems);
  return {
    version: `${text('VERSION').trim()}+${digest(texts)}`,
    model: text('model.conf'),
    roles: catalogue,
    baseline: rules.map(({ role, ...rule }) => ({ ...rule, subject: `role:${role}` })),
  };
}

function read<Value>(file: string, text: string, schema: z.ZodType<Value>): Value {
  const parsed = schema.safeParse(parseYaml(file, text));
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues.map((i) => `${file}: ${i.path.join('.')}: ${i.message}`));
}

function parseYaml(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof YAMLError) throw invalid([`${file}: ${error.message.trim()}`]);
    throw error;
  }
}

function ruleProblems(
  rules: z.infer<typeof baselineSchema>['rules'],
  roles: RoleCatalogue,
): string[] {
  const problems: string[] = [];
  const ids = new Set<string>();
  const meanings = new Set<string>();
  for (const { id, role, action, object, effect } of rules) {
    if (ids.has(id)) problems.push(`rule ${id} stands twice`);
    ids.add(id);
    const meaning = JSON.stringify([role, action, object, effect]);
    if (meanings.has(meaning)) problems.push(`rule ${id} says what another rule says`);
    meanings.add(meaning);
    if (!roles.has(role)) problems.push(`rule ${id} names ${role}, which is no role`);
    if (action !== '*' && !isAction(action)) problems.push(`rule ${id}: no action ${action}`);
    if (!isPattern(object)) problems.push(`rule ${id}: ${object} is not x, x/* or *`);
  }
  return problems;
}

/** First 12 hex digits of a SHA-256 over names and contents, each with its length before it. */
function digest(texts: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256');
  for (const [file, content] of texts) {
    for (const part of [file, content]) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  }
  return hash.digest('hex').slice(0, 12);
}

function invalid(problems: readonly string[]): AppError {
  return new AppError('INVALID_POLICY', {
    publicMessage: `The policy files are not usable: ${problems.join('; ')}.`,
    hint: 'Correct the files under policies/ and start again.',
    details: { problems },
  });
}
