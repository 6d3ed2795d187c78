/** One rule as the engine sees it. */
export interface PolicyRow {
  readonly id: string;
  /** `role:…`, `user:…` or `svc:…` */
  readonly subject: string;
  readonly object: string;
  /** An action, or `*`. */
  readonly action: string;
  readonly effect: 'allow' | 'deny';
  /** The granted role that gave the subject this row of its own. */
  readonly grantedAs?: string;
}

/** `member` holds what `role` holds. */
export interface RoleLink {
  readonly member: string;
  readonly role: string;
}

/** How many links casbin follows; an eleventh grants nothing. */
const DEPTH_MAX = 10;

/**
 * All rules and role links of one tenant at one epoch. Never changes: another epoch is another snapshot, so a
 * decision never sees half of a change.
 */
export class TenantSnapshot {
  readonly #rowsBySubject = new Map<string, Map<string, IndexedRow[]>>();
  readonly #rolesByMember = new Map<string, string[]>();
  /** Only of subjects that this tenant knows: made-up ones must not cost memory. */
  readonly #closures = new Map<string, ReadonlyMap<string, string | null>>();

  constructor(
    readonly tenantId: string,
    readonly epoch: bigint,
    readonly rows: readonly PolicyRow[],
    readonly links: readonly RoleLink[],
  ) {
    rows.forEach((row, index) => {
      const byAction = this.#rowsBySubject.get(row.subject) ?? new Map<string, IndexedRow[]>();
      this.#rowsBySubject.set(row.subject, byAction);
      const indexed = byAction.get(row.action) ?? [];
      byAction.set(row.action, indexed);
      indexed.push({ index, row });
    });
    for (const { member, role } of links) {
      const roles = this.#rolesByMember.get(member) ?? [];
      this.#rolesByMember.set(member, roles);
      roles.push(role);
    }
  }

  /**
   * The subject and every role that it reaches over at most ten links, each with the member that it was reached
   * from. Breadth first with a visited set, so that a cycle costs nothing.
   */
  closure(subject: string): ReadonlyMap<string, string | null> {
    const known = this.#closures.get(subject);
    if (known !== undefined) return known;
    const reached = new Map<string, string | null>([[subject, null]]);
    let frontier = [subject];
    for (let depth = 0; depth < DEPTH_MAX && frontier.length > 0; depth += 1) {
      const next: string[] = [];
      for (const member of frontier) {
        for (const role of this.#rolesByMember.get(member) ?? []) {
          if (reached.has(role)) continue;
          reached.set(role, member);
          next.push(role);
        }
      }
      frontier = next;
    }
    if (this.#rolesByMember.has(subject)) this.#closures.set(subject, reached);
    return reached;
  }

  /**
   * The rows that can match (subject, action), in row order. Leaving out the others cannot change an answer,
   * because the matcher demands both (casbin-evaluator.spec.ts holds it to that).
   */
  slice(subject: string, action: string): PolicyRow[] {
    const found: IndexedRow[] = [];
    for (const member of this.closure(subject).keys()) {
      const byAction = this.#rowsBySubject.get(member);
      if (byAction === undefined) continue;
      found.push(...(byAction.get(action) ?? []));
      if (action !== '*') found.push(...(byAction.get('*') ?? []));
    }
    return found.sort((a, b) => a.index - b.index).map(({ row }) => row);
  }

  /** From the subject over its roles to the one that the row names; empty when it does not reach it. */
  rolePath(subject: string, row: PolicyRow): string[] {
    const closure = this.closure(subject);
    if (!closure.has(row.subject)) return [];
    const path: string[] = row.grantedAs === undefined ? [] : [row.grantedAs];
    for (let at: string | null = row.subject; at !== null; at = closure.get(at) ?? null) {
      path.unshift(at);
    }
    return path;
  }

  /** Closures that are remembered now. */
  get memoized(): number {
    return this.#closures.size;
  }
}

interface IndexedRow {
  readonly index: number;
  readonly row: PolicyRow;
}
