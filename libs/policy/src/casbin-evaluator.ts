import { AppError } from '@countersign/kernel';
import { newEnforcer, newModelFromString, type Enforcer, type RoleManager } from 'casbin';
import { objectMatches } from './domain/pattern.js';
import type { PolicyRow } from './domain/tenant-snapshot.js';

export interface Evaluation {
  readonly allowed: boolean;
  /** The deny that decided, else the last allow that matched, else null. */
  readonly row: PolicyRow | null;
}

export interface EvaluationRequest {
  readonly subject: string;
  readonly tenantId: string;
  readonly object: string;
  readonly action: string;
}

/** Position of the rule id in a row of model.conf. */
const ID = 5;

/**
 * Casbin, the reference of what a decision means, given only the rows that can match. One enforcer serves all
 * tenants: rows and roles are put in and asked within one synchronous call, so calls cannot mix. Nothing
 * else of casbin's enforcer is used: its reload, its cache and its pattern functions are unsafe here.
 */
export class CasbinEvaluator {
  readonly #enforcer: Enforcer;
  readonly #roles: ClosureRoles;

  private constructor(enforcer: Enforcer, roles: ClosureRoles) {
    this.#enforcer = enforcer;
    this.#roles = roles;
  }

  /** `model` is the text of policies/model.conf. */
  static async create(model: string): Promise<CasbinEvaluator> {
    const enforcer = await newEnforcer(newModelFromString(model));
    await enforcer.addFunction('resMatch', objectMatches);
    const roles = new ClosureRoles();
    enforcer.setRoleManager(roles);
    const grouping = enforcer.getModel().model.get('g')?.get('g');
    if (grouping === undefined) throw brokenModel('has no role definition g');
    grouping.rm = roles;
    return new CasbinEvaluator(enforcer, roles);
  }

  /** `closure` holds the subject and every role that it reaches. */
  evaluate(
    request: EvaluationRequest,
    rows: readonly PolicyRow[],
    closure: { has(member: string): boolean },
  ): Evaluation {
    // Without a rule casbin would evaluate the matcher against empty strings.
    if (rows.length === 0) return { allowed: false, row: null };
    const { subject, tenantId, object, action } = request;
    const assertion = this.#enforcer.getModel().model.get('p')?.get('p');
    if (assertion === undefined) throw brokenModel('has no policy definition p');
    this.#roles.enter({ subject, tenantId, closure });
    assertion.policy = rows.map((row) => [
      row.subject,
      tenantId,
      row.object,
      row.action,
      row.effect,
      row.id,
    ]);
    try {
      const [allowed, matched] = this.#enforcer.enforceExSync(subject, tenantId, object, action);
      const id = matched[ID];
      const row = id === undefined ? null : (rows.find((candidate) => candidate.id === id) ?? null);
      return { allowed, row };
    } finally {
      assertion.policy = [];
      this.#roles.enter(null);
    }
  }
}

interface CurrentSubject {
  readonly subject: string;
  readonly tenantId: string;
  readonly closure: { has(member: string): boolean };
}

/** Answers casbin's `g()` from the closure of the subject that is being decided, and of nobody else. */
class ClosureRoles implements RoleManager {
  #current: CurrentSubject | null = null;

  enter(current: CurrentSubject | null): void {
    this.#current = current;
  }

  syncedHasLink(member: string, role: string, ...domain: string[]): boolean {
    const current = this.#current;
    return (
      current !== null &&
      domain[0] === current.tenantId &&
      member === current.subject &&
      current.closure.has(role)
    );
  }

  hasLink(): Promise<boolean> {
    return Promise.reject(brokenModel('was asked asynchronously'));
  }
  addLink(): Promise<void> {
    return Promise.reject(brokenModel('was given a role link'));
  }
  deleteLink(): Promise<void> {
    return Promise.reject(brokenModel('was given a role link'));
  }
  clear(): Promise<void> {
    return Promise.resolve();
  }
  getRoles(): Promise<string[]> {
    return Promise.resolve([]);
  }
  getUsers(): Promise<string[]> {
    return Promise.resolve([]);
  }
  printRoles(): Promise<void> {
    return Promise.resolve();
  }
  getDomains(): Promise<string[]> {
    return Promise.resolve([]);
  }
  getAllDomains(): Promise<string[]> {
    return Promise.resolve([]);
  }
}

function brokenModel(what: string): AppError {
  return new AppError('INTERNAL', { publicMessage: `The policy model ${what}.` });
}
