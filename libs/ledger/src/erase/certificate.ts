import { canonicalText, signNote, type NoteSigner } from '@countersign/chain';
import type { CheckpointRecord } from '../reads/entry-record.js';
import type { ErasureOrder, ErasurePart } from './order.js';

export interface CertificateInput {
  readonly origin: string;
  readonly tenantId: string;
  readonly order: ErasureOrder;
  /** Actor id. */
  readonly actor: string;
  readonly orderedBy: string | null;
  readonly parts: readonly ErasurePart[];
  /** The newest checkpoints before and after. */
  readonly before: CheckpointRecord | null;
  readonly after: CheckpointRecord | null;
}

/** First line of a certificate: no log is called so, which is how it cannot be taken for a checkpoint. */
const FORMAT = 'countersign-erasure/1';

/**
 * A deletion certificate: a C2SP signed note by the key of the log, whose text is the format, the origin and one line of
 * canonical JSON (RFC 8785). It says what was deleted (sequence, path, and the commitment that stays), when and on whose
 * order, and names the checkpoints around it. It holds no personal value but the name of whoever ordered it.
 */
export function erasureCertificate(
  input: CertificateInput,
  signers: readonly NoteSigner[],
): string {
  const { after, before, order, orderedBy, origin, parts, tenantId } = input;
  const body = canonicalText({
    v: 1,
    origin,
    tenant: tenantId,
    order:
      order.kind === 'subject'
        ? { kind: order.kind, subject: order.subject }
        : {
            kind: order.kind,
            sequences: order.sequences.map(String),
            evidenceOnly: order.evidenceOnly,
          },
    actor: input.actor,
    orderedBy,
    entries: parts.map(({ at, leafHash, sequence }) => ({
      sequence: sequence.toString(),
      leafHash: Buffer.from(leafHash).toString('hex'),
      at: at.toISOString(),
    })),
    erased: parts.flatMap(({ erased }) =>
      erased.map(({ evidenceDigest, sequence, values }) => ({
        sequence: sequence.toString(),
        values: values.map(({ commitment, path }) => ({ path, commitment })),
        evidence: evidenceDigest,
      })),
    ),
    checkpointBefore: before?.note ?? null,
    checkpointAfter: after?.note ?? null,
  });
  return signNote(`${FORMAT}\n${origin}\n${body}\n`, signers);
}
