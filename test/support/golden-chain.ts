import {
  canonicalize,
  encodeLeaf,
  evidenceDigest,
  Frontier,
  leafHash,
  NO_PREVIOUS,
  noteSigner,
  privateKeyFromSeed,
  sealPayload,
  sha256Hex,
  signCheckpoint,
  toHex,
  type EntryHeader,
  type Json,
  type NoteSigner,
} from '@countersign/chain';

/** Everything fixed, so that the golden chains come out the same byte for byte on every machine. */
export const TENANT = '6f1c2a90-3b1d-4c55-9c6e-0a1b2c3d4e5f';
export const ORIGIN = 'countersign.example/3f9a0c51d2e84b67';
export const logSigner: NoteSigner = noteSigner(ORIGIN, privateKeyFromSeed(Buffer.alloc(32, 42)));

/** One line of a chain file: an entry in the names and forms of the GraphQL API. */
export interface Line {
  sequence: string;
  id: string;
  type: string;
  source: string;
  subject: string;
  actor: { id: string };
  occurredAt: string;
  recordedAt: string;
  previousHash: string;
  leafHash: string;
  canonical: string;
  payloadCanonical: string | null;
  payloadDigest: string;
  disclosures: { path: string; salt: string; value: Json; dataSubject: string | null }[];
  evidence: { salt: string; mediaType: string; bytes: string } | null;
  evidenceDigest: string | null;
}

export interface Chain {
  checkpoint: { origin: string; size: string; rootHash: string; note: string };
  entries: Line[];
}

class Personal {
  constructor(
    readonly value: Json,
    readonly dataSubject: string | null = null,
  ) {}
}

interface Draft {
  type: string;
  subject: string;
  actor?: string;
  /** Seconds after the first entry; equal for entries of one batch. */
  second: number;
  payload: Record<string, unknown>;
  evidence?: string;
  delivery?: string;
}

const ANA = 'user:0b7f0f0e-6f0f-4a52-9a53-2f6d9d1f1c11';

const DRAFTS: Draft[] = [
  {
    type: 'log.opened',
    subject: 'log',
    actor: 'system:countersign',
    second: 0,
    payload: { data: { origin: ORIGIN } },
  },
  {
    type: 'model.registered',
    subject: 'model/card-fraud',
    actor: ANA,
    second: 1,
    payload: { data: { description: new Personal('Scores card payments, by Ana.', ANA) } },
    evidence: '{"entity": "registered_model", "action": "created", "data": {"name": "card-fraud"}}',
  },
  {
    type: 'model_version.created',
    subject: 'model/card-fraud/version/1',
    second: 1,
    payload: {
      data: {
        metrics: { auc: 0.9731, loss: 1e-7, big: 1e21, exact: 9007199254740991, minus: -0.5 },
        order: { '\ud83d\ude00': 1, '\ufb33': 2, é: 3, a: 4 },
        tags: [{ key: 'owner', value: new Personal({ team: 'Équipe Données', size: 1e20 }) }],
      },
    },
    evidence: 'not even JSON: \u00e9\n',
  },
  {
    type: 'model_alias.set',
    subject: 'model/card-fraud',
    actor: ANA,
    second: 60,
    payload: { before: { version: null }, after: { version: '1' }, data: { alias: 'champion' } },
    delivery: 'quote " backslash \\ tab \t line\u2028',
  },
  {
    type: 'model_version.tag_set',
    subject: 'model/card-fraud/version/1',
    second: 61,
    payload: { data: { key: 'reviewer', value: new Personal('Ana', ANA) } },
    evidence: '{"erased": true}',
  },
  {
    type: 'model_version.tag_set',
    subject: 'model/card-fraud/version/1',
    second: 61,
    // A value that looks like a commitment is committed itself; and ~ and / are escaped in its path.
    payload: {
      data: { 'a/b~c': { sd: '0'.repeat(64) }, list: [new Personal(false), null, true, []] },
    },
  },
  {
    type: 'model_version.stage_changed',
    subject: 'model/card-fraud/version/1',
    actor: 'unknown',
    second: 3600,
    payload: { data: { stage: 'Production' }, before: { stage: 'None' } },
  },
];

/** 16 bytes that differ per purpose and position. */
function fixed16(purpose: string, n: number): Buffer {
  return Buffer.from(sha256Hex(`${purpose} ${n}`).slice(0, 32), 'hex');
}

function uuid(n: number): string {
  return `018f3b1c-7a70-7000-8000-${String(n).padStart(12, '0')}`;
}

/** How to damage a chain before it is hashed; the tree and the checkpoint then fit the damage. */
export interface Forgery {
  sequence: number;
  header?: (header: EntryHeader) => EntryHeader;
  /** Replaces the entry's bytes. */
  entry?: (canonical: Buffer) => Buffer;
  /** Replaces the payload's bytes; the header gets their digest. */
  payload?: (canonical: Buffer) => Buffer;
}

/** Builds the golden chain, or one with a forged entry, over the first `checkpointSize` entries' checkpoint. */
export function buildChain(forgery?: Forgery, checkpointSize = DRAFTS.length): Chain {
  const frontier = Frontier.empty();
  const entries: Line[] = [];
  let prev = NO_PREVIOUS;
  let checkpoint = signedHead(frontier);
  DRAFTS.forEach((draft, seq) => {
    const line = buildLine(draft, seq, prev, forgery?.sequence === seq ? forgery : undefined);
    entries.push(line);
    frontier.appendOne(Buffer.from(line.leafHash, 'hex'));
    prev = line.leafHash;
    if (seq + 1 === checkpointSize) checkpoint = signedHead(frontier);
  });
  return { checkpoint, entries };
}

function buildLine(draft: Draft, seq: number, prev: string, forgery?: Forgery): Line {
  let salts = 0;
  const nonce = fixed16('nonce', seq).toString('hex');
  const basis = { actor: { basis: 'signed', kind: 'user' }, basis: 'signed' };
  const sealed = sealPayload(
    { ...basis, ...draft.payload, nonce, v: 1 },
    {
      personal: (node) => (node instanceof Personal ? node : null),
      nextSalt: () => fixed16(`salt ${seq}`, salts++),
    },
  );
  const payload = forgery?.payload?.(sealed.canonical) ?? sealed.canonical;
  const evidence = draft.evidence === undefined ? null : Buffer.from(draft.evidence, 'utf8');
  const evidenceSalt = fixed16('evidence', seq);
  const evidenceHex = evidence === null ? null : evidenceDigest(evidenceSalt, evidence);
  const good: EntryHeader = {
    actor: draft.actor ?? 'svc:7d4e1f7a-5a64-4d0e-8f2f-6a7c3b1e9d20',
    delivery: draft.delivery ?? `delivery-${seq}`,
    evidence: evidenceHex === null ? undefined : `sha256:${evidenceHex}`,
    id: uuid(seq),
    occurredAt: new Date(Date.UTC(2026, 10, 21, 6, 0, draft.second, 5)).toISOString(),
    payload: `sha256:${sha256Hex(payload)}`,
    prev,
    recordedAt: new Date(Date.UTC(2026, 10, 21, 6, 0, draft.second + 1, 250)).toISOString(),
    seq,
    source: seq === 0 ? 'countersign' : 'mlflow/demo',
    subject: draft.subject,
    tenant: TENANT,
    type: draft.type,
  };
  const header = forgery?.header?.(good) ?? good;
  const { canonical: encoded } = encodeLeaf(header);
  const canonical = forgery?.entry?.(encoded) ?? encoded;
  return {
    sequence: String(header.seq),
    id: header.id,
    type: header.type,
    source: header.source,
    subject: header.subject,
    actor: { id: header.actor },
    occurredAt: header.occurredAt,
    recordedAt: header.recordedAt,
    previousHash: header.prev,
    leafHash: toHex(leafHash(canonical)),
    canonical: canonical.toString('base64'),
    payloadCanonical: payload.toString('base64'),
    payloadDigest: sha256Hex(payload),
    // Entry 4 has lost its disclosure and its evidence to an erasure; both digests stay.
    disclosures: sealed.disclosures
      .filter(() => seq !== 4)
      .map(({ path, salt, value, dataSubject }) => ({
        path,
        salt: Buffer.from(salt).toString('base64'),
        value,
        dataSubject,
      })),
    evidence:
      evidence === null || seq === 4
        ? null
        : {
            salt: evidenceSalt.toString('base64'),
            mediaType: 'application/json',
            bytes: evidence.toString('base64'),
          },
    evidenceDigest: evidenceHex,
  };
}

export function signedHead(
  frontier: Frontier,
  signer = logSigner,
  origin = ORIGIN,
): Chain['checkpoint'] {
  const root = frontier.root();
  const note = signCheckpoint({ origin, size: frontier.size, root }, [signer]);
  return { origin, size: String(frontier.size), rootHash: toHex(root), note };
}

/** The file: the checkpoint first, then an entry a line, each line canonical JSON. */
export function serializeChain(chain: Chain): string {
  const lines = [{ checkpoint: chain.checkpoint }, ...chain.entries];
  return lines.map((line) => `${canonicalize(line).toString('utf8')}\n`).join('');
}
