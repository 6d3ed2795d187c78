/** Roles as the policy files name them, without the prefix `role:`. */
export interface RoleDefinition {
  readonly name: string;
  readonly description: string;
  readonly inherits: readonly string[];
}

/** Two roles that one subject must not hold together. */
export interface ToxicPair {
  readonly roles: readonly [string, string];
  readonly because: string;
}

/** The roles of every tenant: who inherits from whom, and who must not be whom. */
export class RoleCatalogue {
  readonly #roles: ReadonlyMap<string, RoleDefinition>;

  constructor(
    roles: readonly RoleDefinition[],
    readonly toxicPairs: readonly ToxicPair[],
  ) {
    this.#roles = new Map(roles.map((role) => [role.name, role]));
  }

  has(name: string): boolean {
    return this.#roles.has(name);
  }

  get names(): string[] {
    return [...this.#roles.keys()];
  }

  get definitions(): RoleDefinition[] {
    return [...this.#roles.values()];
  }

  /** The roles themselves and all they inherit from, sorted. Names outside of the catalogue are left out. */
  closure(names: readonly string[]): string[] {
    const reached = new Set<string>();
    const waiting = [...names];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const role = this.#roles.get(name);
      if (role === undefined || reached.has(name)) continue;
      reached.add(name);
      waiting.push(...role.inherits);
    }
    return [...reached].sort();
  }

  /** The first toxic pair that the roles contain together, inherited ones included. */
  toxicPairIn(names: readonly string[]): ToxicPair | undefined {
    const held = new Set(this.closure(names));
    return this.toxicPairs.find(({ roles }) => roles.every((role) => held.has(role)));
  }

  /** What is wrong with the catalogue itself: unknown parents, cycles, chains above `depthMax` links. */
  problems(depthMax: number): string[] {
    const problems: string[] = [];
    for (const role of this.#roles.values()) {
      for (const parent of role.inherits) {
        if (!this.has(parent))
          problems.push(`role ${role.name} inherits from ${parent}, which is no role`);
      }
      const depth = this.#depth(role.name, new Set());
      if (depth === null) problems.push(`role ${role.name} inherits from itself`);
      else if (depth > depthMax) problems.push(`role ${role.name} is ${depth} links deep`);
    }
    for (const { roles } of this.toxicPairs) {
      for (const name of roles) {
        if (!this.has(name)) problems.push(`toxic pair names ${name}, which is no role`);
      }
    }
    for (const name of this.names) {
      const pair = this.toxicPairIn([name]);
      if (pair !== undefined)
        problems.push(`role ${name} holds the toxic pair ${pair.roles.join(' + ')}`);
    }
    return problems;
  }

  /** Links to the farthest ancestor, or null on a cycle. */
  #depth(name: string, above: ReadonlySet<string>): number | null {
    if (above.has(name)) return null;
    let deepest = 0;
    for (const parent of this.#roles.get(name)?.inherits ?? []) {
      const depth = this.#depth(parent, new Set([...above, name]));
      if (depth === null) return null;
      deepest = Math.max(deepest, depth + 1);
    }
    return deepest;
  }
}
