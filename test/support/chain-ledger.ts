import {
  encodeLeaf,
  evidenceDigest,
  Frontier,
  leafHash,
  NO_PREVIOUS,
  sealPayload,
  sha256Hex,
  signCheckpoint,
  toHex,
  type EntryHeader,
  type Json,
  type NoteSigner,
  type PayloadLine,
} from '@countersign/chain';
import type { Random } from './chain-random.js';

/** An entry and all that is kept beside it. */
export interface TestEntry {
  readonly header: EntryHeader;
  readonly canonical: Buffer;
  readonly leafHash: Buffer;
  readonly payload: Buffer;
  readonly disclosures: PayloadLine['disclosures'];
  readonly evidence: Exclude<PayloadLine['evidence'], undefined>;
}

class Personal {
  constructor(readonly value: Json) {}
}

const TYPES = [
  ...['model.registered', 'model_version.created', 'model_version.stage_changed'],
  ...['promotion.requested', 'promotion.vote_cast', 'promotion.applied', 'lineage.run'],
];
const SUBJECTS = ['model/card-fraud', 'model/card-fraud/version/1', 'model/churn', 'run/é-7'];
const START = Date.UTC(2026, 10, 21, 6, 0, 0, 0);

/** A ledger in memory, written with the shipped writer, whose entries a test may forge and whose heads it may sign. */
export class TestLedger {
  readonly entries: TestEntry[] = [];
  private clock = START;

  constructor(
    readonly tenant: string,
    readonly origin: string,
    /** Several during a rotation of keys. */
    readonly signers: readonly NoteSigner[],
    private readonly random: Random,
  ) {}

  get size(): number {
    return this.entries.length;
  }

  /** Appends random entries. */
  grow(count: number): void {
    for (let i = 0; i < count; i++) this.append(this.draft());
  }

  /** Appends an entry; `change` makes of the good header another one. */
  append(draft: EntryDraft, change: (header: EntryHeader) => EntryHeader = (good) => good): void {
    const { payload, disclosures, evidence, ...fields } = draft;
    const last = this.entries.at(-1);
    const header = change({
      ...fields,
      payload: `sha256:${sha256Hex(payload)}`,
      evidence:
        evidence === null ? undefined : `sha256:${evidenceDigest(evidence.salt, evidence.bytes)}`,
      prev: last === undefined ? NO_PREVIOUS : toHex(last.leafHash),
      seq: this.size,
    });
    const { canonical, leafHash: leaf } = encodeLeaf(header);
    this.entries.push({ header, canonical, leafHash: leaf, payload, disclosures, evidence });
  }

  /** Appends bytes that no writer would: their hash is in the tree all the same. */
  appendBytes(canonical: Buffer, like: TestEntry): void {
    this.entries.push({ ...like, canonical, leafHash: leafHash(canonical) });
  }

  /**
   * The same ledger with everything from `sequence` on redone: `change` makes of each good header another one, `bytes` of
   * each entry's bytes others. Its heads are signed anew by whoever asks for them.
   */
  rewritten(
    sequence: number,
    change: (header: EntryHeader) => EntryHeader,
    bytes: (canonical: Buffer, seq: number) => Buffer = (canonical) => canonical,
  ): TestLedger {
    const copy = new TestLedger(this.tenant, this.origin, this.signers, this.random);
    copy.clock = this.clock;
    this.entries.forEach((entry, seq) => {
      if (seq < sequence) return copy.entries.push(entry);
      const { header, payload, disclosures, evidence } = entry;
      copy.append({ ...header, payload, disclosures, evidence }, (good) => change(good));
      const written = copy.entries.pop();
      if (written !== undefined) {
        const canonical = bytes(written.canonical, seq);
        copy.entries.push({ ...written, canonical, leafHash: leafHash(canonical) });
      }
      return copy.size;
    });
    return copy;
  }

  /** The first `size` entries alone, as if nothing had followed. */
  truncated(size: number): TestLedger {
    const copy = new TestLedger(this.tenant, this.origin, this.signers, this.random);
    copy.clock = this.clock;
    copy.entries.push(...this.entries.slice(0, size));
    return copy;
  }

  leaves(size = this.size): Buffer[] {
    return this.entries.slice(0, size).map((entry) => entry.leafHash);
  }

  root(size = this.size): Uint8Array {
    const frontier = Frontier.empty();
    frontier.append(this.leaves(size));
    return frontier.root();
  }

  /** The signed checkpoint over the first `size` entries. */
  checkpoint(size = this.size, signers = this.signers): string {
    const { origin } = this;
    return signCheckpoint({ origin, size: BigInt(size), root: this.root(size) }, signers);
  }

  /** What a random entry says. Times go on from the last one's. */
  draft(): EntryDraft {
    const { random } = this;
    this.clock += random.below(3) * 1000;
    const sealed = sealPayload(
      {
        actor: { basis: 'signed', kind: 'user' },
        basis: random.pick(['signed', 'reported']),
        data: {
          name: random.chance(40) ? new Personal(`Ana ${random.below(1000)}`) : 'none',
          'a/b~c': random.chance(30) ? [new Personal({ team: 'Équipe' }), 1e21, -0.5] : [],
        },
        nonce: random.bytes(16).toString('hex'),
        v: 1,
      },
      {
        personal: (node) =>
          node instanceof Personal ? { value: node.value, dataSubject: 'user:1' } : null,
        nextSalt: () => random.bytes(16),
      },
    );
    const evidence = random.chance(50)
      ? { salt: random.bytes(16), bytes: random.bytes(random.below(80)), mediaType: 'text/plain' }
      : null;
    return {
      actor: random.pick(['user:1', 'user:2', 'unknown']),
      delivery: random.chance(10) ? `d-"${this.size}"` : `d-${this.size}`,
      id: random.uuid(),
      occurredAt: new Date(this.clock - 500).toISOString(),
      recordedAt: new Date(this.clock).toISOString(),
      source: random.pick(['mlflow/demo', 'countersign']),
      subject: random.pick(SUBJECTS),
      tenant: this.tenant,
      type: random.pick(TYPES),
      payload: sealed.canonical,
      disclosures: sealed.disclosures,
      evidence,
    };
  }
}

/** Everything of an entry that its place in the ledger does not decide. */
export type EntryDraft = Omit<EntryHeader, 'payload' | 'evidence' | 'prev' | 'seq'> &
  Pick<TestEntry, 'payload' | 'disclosures' | 'evidence'>;
