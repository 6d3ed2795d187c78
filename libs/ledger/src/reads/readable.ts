import { isCommitment, isJsonObject } from '@countersign/chain';
import type { Json, JsonObject } from '@countersign/kernel';

/**
 * Fills disclosed values into a payload: what a person reads. A commitment that nobody opens any more becomes null.
 * Nothing is verified here: a reader who doubts verifies the bytes.
 */
export function readablePayload(
  payload: JsonObject,
  disclosed: ReadonlyMap<string, Json>,
): JsonObject {
  return fillMembers(payload, '', disclosed);
}

function fill(node: Json, path: string, disclosed: ReadonlyMap<string, Json>): Json {
  if (typeof node !== 'object' || node === null) return node;
  if (isCommitment(node)) return disclosed.get(path) ?? null;
  if (isJsonObject(node)) return fillMembers(node, path, disclosed);
  return node.map((item, i) => fill(item, `${path}/${i}`, disclosed));
}

function fillMembers(
  node: JsonObject,
  path: string,
  disclosed: ReadonlyMap<string, Json>,
): JsonObject {
  const members: Record<string, Json> = {};
  for (const [key, member] of Object.entries(node)) {
    members[key] = fill(member, `${path}/${pointerToken(key)}`, disclosed);
  }
  return members;
}

/** RFC 6901 section 3. */
function pointerToken(key: string): string {
  return key.includes('~') || key.includes('/')
    ? key.replaceAll('~', '~0').replaceAll('/', '~1')
    : key;
}
