import type { Database, SqlTx } from '@countersign/database';
import type { Principal } from '@countersign/identity';
import type { AppError } from '@countersign/kernel';
import type { Decision } from '@countersign/policy';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { GqlExecutionContext } from '@nestjs/graphql';
import DataLoader from 'dataloader';

/** One kind of child edge: how to read many of its values at once. Values come back in the order of the keys. */
export interface Edge<Key, Value> {
  readonly name: string;
  readonly key: (key: Key) => string;
  readonly load: (tx: SqlTx, keys: readonly Key[]) => Promise<readonly Value[]>;
}

/** No question of a person is worth holding a connection longer. */
const STATEMENT_MS_MAX = 15_000;

/** How a request found out who is asking. Exactly one of the two is set. */
export type Authentication =
  | { readonly principal: Principal; readonly failure: null }
  | { readonly principal: null; readonly failure: AppError };

/**
 * Whoever sent this request, and the reads made for them. One per request, so whatever it remembers
 * (decisions, loaded rows) belongs to one tenant and one principal.
 */
export class Caller {
  readonly #loaders = new Map<string, DataLoader<unknown, unknown, string>>();
  readonly #decisions = new Map<string, Promise<Decision>>();

  constructor(
    readonly requestId: string,
    private readonly authentication: Authentication,
    private readonly database: Database,
  ) {}

  /** The verified principal. Throws UNAUTHENTICATED with the reason when there is none. */
  get principal(): Principal {
    if (this.authentication.principal === null) throw this.authentication.failure;
    return this.authentication.principal;
  }

  get isAuthenticated(): boolean {
    return this.authentication.principal !== null;
  }

  /** Reads the caller's tenant at one snapshot. The database stops a statement that takes too long. */
  read<Result>(work: (tx: SqlTx) => Promise<Result>): Promise<Result> {
    return this.database.read(this.principal.tenantId, async (tx) => {
      await tx.query(`SET LOCAL statement_timeout = ${STATEMENT_MS_MAX}`);
      return work(tx);
    });
  }

  /** One value of a child edge; values asked for in the same tick are read together. */
  load<Key, Value>(edge: Edge<Key, Value>, key: Key): Promise<Value> {
    let loader = this.#loaders.get(edge.name) as DataLoader<Key, Value, string> | undefined;
    if (loader === undefined) {
      loader = new DataLoader<Key, Value, string>(
        (keys) => this.read((tx) => edge.load(tx, keys)),
        { cacheKeyFn: (k) => edge.key(k), maxBatchSize: 500 },
      );
      this.#loaders.set(edge.name, loader);
    }
    return loader.load(key);
  }

  /** The decision for (action, object), made once per request. */
  decideOnce(action: string, object: string, decide: () => Promise<Decision>): Promise<Decision> {
    const key = `${action}\n${object}`;
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    const decision = decide();
    this.#decisions.set(key, decision);
    return decision;
  }
}

/** What Mercurius hands to every resolver. */
export interface GraphqlContext {
  readonly caller: Caller;
}

/** Injects the caller into a resolver. */
export const CurrentCaller = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Caller =>
    GqlExecutionContext.create(context).getContext<GraphqlContext>().caller,
);
