import { EMPTY_ROOT, nodeHash } from '@countersign/chain';

/** A perfect subtree of 2^height leaves. */
export interface SubtreeNode {
  readonly height: number;
  readonly hash: Uint8Array;
}

/**
 * A stretch of an RFC 6962 tree as the fewest perfect subtrees, left to right. It may begin anywhere, so that parts of
 * a tree can be hashed apart and joined: subtrees merge exactly where the whole tree has a node.
 */
export class SubtreeRow {
  readonly #nodes: SubtreeNode[] = [];
  #end: number;

  /** `start`: index of the first leaf. */
  constructor(start: number) {
    this.#end = start;
  }

  /** Index behind the last leaf. */
  get end(): number {
    return this.#end;
  }

  /** The subtrees so far. */
  nodes(): SubtreeNode[] {
    return [...this.#nodes];
  }

  /** Adds the next subtree, whose place must be a multiple of its size. The hash is kept by reference. */
  push(hash: Uint8Array, height = 0): void {
    const end = this.#end + 2 ** height;
    let node: SubtreeNode = { hash, height };
    for (;;) {
      const left = this.#nodes.at(-1);
      // Two neighbours are one node of the tree when what they make ends at a multiple of its size.
      if (left?.height !== node.height || end % 2 ** (node.height + 1) !== 0) break;
      this.#nodes.pop();
      node = { hash: nodeHash(left.hash, node.hash), height: node.height + 1 };
    }
    this.#nodes.push(node);
    this.#end = end;
  }

  pushAll(nodes: readonly SubtreeNode[]): void {
    for (const { hash, height } of nodes) this.push(hash, height);
  }

  clone(): SubtreeRow {
    const copy = new SubtreeRow(this.end);
    copy.#nodes.push(...this.#nodes);
    return copy;
  }

  /** Size and subtrees as `Frontier.serialize` writes them, when the row began at 0. */
  serialize(): Buffer {
    const size = Buffer.alloc(8);
    size.writeBigUInt64BE(BigInt(this.#end));
    return Buffer.concat([size, ...this.#nodes.map(({ hash }) => hash)]);
  }

  /** Root of the tree, when the row began at 0: the subtrees folded from the right. */
  root(): Uint8Array {
    let root: Uint8Array | null = null;
    for (let i = this.#nodes.length - 1; i >= 0; i--) {
      const node = this.#nodes[i];
      if (node !== undefined) root = root === null ? node.hash : nodeHash(node.hash, root);
    }
    return root ?? EMPTY_ROOT;
  }
}
