import {
  encodeHeadLeaf,
  formatTlogProof,
  inclusionProof,
  leafHash,
  rootOf,
  signCheckpoint,
  type Cosigner,
  type HeadLeaf,
  type NoteSigner,
} from '@countersign/chain';

/** A log of heads in memory. Its leaves are what a test puts into them. */
export class TestHeads {
  readonly leaves: Buffer[] = [];

  constructor(
    readonly origin: string,
    readonly signers: readonly NoteSigner[],
    readonly witnesses: readonly Cosigner[],
  ) {}

  get size(): number {
    return this.leaves.length;
  }

  add(leaf: HeadLeaf): void {
    this.leaves.push(encodeHeadLeaf(leaf));
  }

  /** The same log, to go on from on its own. */
  copy(leaves: readonly Buffer[] = this.leaves): TestHeads {
    const copy = new TestHeads(this.origin, this.signers, this.witnesses);
    copy.leaves.push(...leaves);
    return copy;
  }

  hashes(size = this.size): Buffer[] {
    return this.leaves.slice(0, size).map((leaf) => leafHash(leaf));
  }

  root(size = this.size): Uint8Array {
    return rootOf(this.hashes(size));
  }

  /** Signed by the log and cosigned by `witnesses`. */
  checkpoint(size = this.size, witnesses = this.witnesses, signers = this.signers): string {
    const { origin } = this;
    const note = signCheckpoint({ origin, size: BigInt(size), root: this.root(size) }, signers);
    const at = new Date(Date.UTC(2026, 10, 21, 12));
    return note + witnesses.map((witness) => witness.cosign(note, at)).join('');
  }

  /** The proof of a leaf under `checkpoint`, which is of `size` leaves. */
  proof(leaf: HeadLeaf, checkpoint: string, size = this.size): string {
    const bytes = encodeHeadLeaf(leaf);
    const index = this.leaves.findIndex((known) => known.equals(bytes));
    const hashes = inclusionProof(BigInt(Math.max(index, 0)), this.hashes(size));
    return formatTlogProof({ index: BigInt(Math.max(index, 0)), hashes, checkpoint });
  }
}
