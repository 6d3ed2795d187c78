import { ChainError } from '../errors.js';
import { canonicalize } from '../json/canonical.js';
import type { HeadLeaf } from './head-leaf.js';
import { memberProblem, toMembers } from './leaf-fields.js';

/** The canonical JSON of a leaf: its leaf data. Throws ChainError HEAD_LEAF_INVALID for what could not be read back. */
export function encodeHeadLeaf(leaf: HeadLeaf): Buffer {
  const members = toMembers(leaf);
  const problem = memberProblem(leaf.kind, members);
  if (problem !== null) throw new ChainError('HEAD_LEAF_INVALID', problem);
  return canonicalize(members);
}
