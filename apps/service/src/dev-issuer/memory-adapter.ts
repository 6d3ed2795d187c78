/**
 * Storage that oidc-provider asks for. Access tokens are JSON Web Tokens and are not stored, so it holds
 * almost nothing; it is bounded all the same.
 */
export class MemoryAdapter {
  static readonly #entries = new Map<string, { payload: object; expiresAtMs: number }>();
  static readonly #ENTRIES_MAX = 1_000;

  constructor(readonly model: string) {}

  upsert(id: string, payload: object, expiresInSeconds: number): Promise<void> {
    const entries = MemoryAdapter.#entries;
    entries.set(this.#key(id), { payload, expiresAtMs: Date.now() + expiresInSeconds * 1_000 });
    const [oldest] = entries.keys();
    if (entries.size > MemoryAdapter.#ENTRIES_MAX && oldest !== undefined) entries.delete(oldest);
    return Promise.resolve();
  }

  find(id: string): Promise<object | undefined> {
    const entry = MemoryAdapter.#entries.get(this.#key(id));
    return Promise.resolve(
      entry !== undefined && entry.expiresAtMs > Date.now() ? entry.payload : undefined,
    );
  }

  destroy(id: string): Promise<void> {
    MemoryAdapter.#entries.delete(this.#key(id));
    return Promise.resolve();
  }

  #key(id: string): string {
    return `${this.model}:${id}`;
  }
}
