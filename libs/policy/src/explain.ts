import type { Evaluation } from './casbin-evaluator.js';
import type { AccessRequest, Decision } from './decision.js';
import { objectMatches } from './domain/pattern.js';
import type { TenantSnapshot } from './domain/tenant-snapshot.js';
import type { PolicyFiles } from './policy-files.js';

/** The decision that an evaluation amounts to, with the way to the rule and what would change the answer. */
export function explain(
  files: PolicyFiles,
  snapshot: TenantSnapshot,
  request: AccessRequest,
  evaluation: Evaluation,
): Decision {
  const { allowed, row } = evaluation;
  return {
    allowed,
    rules: row === null ? [] : [row.id],
    rolePath: row === null ? [] : snapshot.rolePath(request.subject, row),
    policyVersion: files.version,
    epoch: snapshot.epoch,
    remedy: allowed ? [] : remedy(files, snapshot, request, evaluation),
  };
}

function remedy(
  files: PolicyFiles,
  snapshot: TenantSnapshot,
  request: AccessRequest,
  { row }: Evaluation,
): string[] {
  if (row !== null) {
    return [
      `Rule ${row.id} denies ${request.action} whatever else is granted; it applies through ${row.grantedAs ?? row.subject}.`,
    ];
  }
  const roles = files.roles.names.filter((role) => roleAllows(snapshot, role, request));
  if (roles.length === 0) return [`No role of this tenant may ${request.action} here.`];
  return roles.map((role) => `Would be allowed with the role ${role} on ${request.object}.`);
}

/** True when the role alone would be enough: an allow and no deny among its rows. */
function roleAllows(snapshot: TenantSnapshot, role: string, request: AccessRequest): boolean {
  const rows = snapshot
    .slice(`role:${role}`, request.action)
    .filter((row) => objectMatches(request.object, row.object));
  return rows.length > 0 && rows.every((row) => row.effect === 'allow');
}
