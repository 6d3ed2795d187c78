import { randomUUID } from 'node:crypto';
import { canonicalText, parseBundleManifest } from '@countersign/chain';
import { subjects, SYSTEM_ACTOR, type EntryDraft } from '@countersign/events';
import { AppError, type Clock } from '@countersign/kernel';
import type { LedgerService } from '../ledger-service.js';
import type { ExportPlan, ExportProgress, ExportReport, ExportRequest } from './export-request.js';
import type { PayloadSource } from './payload-reader.js';
import { planTenantExport, requestText } from './plan-export.js';
import { TenantFiles } from './tenant-files.js';
import { writeBundle } from './write-bundle.js';

export interface ExportContext extends PayloadSource {
  /** Records the export; null only where an operator decided that it may go unrecorded. */
  readonly ledger: Pick<LedgerService, 'append'> | null;
  readonly clock: Clock;
  /** Name and version of what writes the bundle. */
  readonly tool: string;
  /** A tlog-policy file to put in for convenience; null leaves it out. */
  readonly policy: string | null;
}

export interface ExportTarget {
  readonly folder: string;
  /** Ends the export between two files; the same call goes on later. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined;
}

/**
 * Writes a bundle of a tenant's ledger into a folder. It is a privileged read: an entry says what is exported before the
 * first file is written. An interrupted export goes on where it was, against the checkpoint that it began with, unless
 * something was erased since: it must not come back by way of an old half. Throws as `planTenantExport` and
 * `writeBundle`, ERASED_SINCE, and as the append of the entry.
 */
export async function exportTenant(
  context: ExportContext,
  request: ExportRequest,
  target: ExportTarget,
): Promise<ExportReport> {
  const { clock, database, ledger, policy, tenantId, tool } = context;
  return writeBundle({
    ...target,
    request: requestText('tenant', tenantId, request),
    begin: async () => {
      const plan = await database.read(tenantId, (tx) =>
        planTenantExport(tx, request, { created: clock.now(), tool, policy }),
      );
      await ledger?.append(tenantId, [exportedDraft(plan, request, clock.now())]);
      return plan;
    },
    goOn: (plan) => refuseErased(context, plan),
    files: (plan) => new TenantFiles(context, plan, request).files(),
  });
}

/** Types of entries after which what was read before may hold what must not be there any more. */
const ERASING = ['subject.erased', 'ledger.evidence_erased', 'tenant.closed'];

async function refuseErased(
  { database, tenantId }: ExportContext,
  plan: ExportPlan,
): Promise<void> {
  const erased = await database.read(tenantId, (tx) =>
    tx.query(
      `SELECT FROM ledger_entry
       WHERE tenant_id = $1::uuid AND type = ANY ($2::text[]) AND seq >= $3::bigint LIMIT 1`,
      [tenantId, ERASING, BigInt(plan.began)],
    ),
  );
  if (erased.length === 0) return;
  throw new AppError('ERASED_SINCE', {
    publicMessage: 'Something was erased since this export began, and may be in what it wrote.',
    hint: 'Delete the folder and export anew.',
  });
}

/** What the entry says about the export. */
function exportedDraft(plan: ExportPlan, request: ExportRequest, at: Date): EntryDraft {
  const stated = parseBundleManifest(Buffer.from(plan.texts[0]?.content ?? '', 'base64'));
  if (!stated.ok) throw new AppError('INTERNAL', { publicMessage: 'An export without manifest.' });
  const { evidence, filter, from, origin, payloads, size, to } = stated.manifest;
  return {
    type: 'ledger.exported',
    source: 'countersign',
    subject: subjects.ledger,
    actor: SYSTEM_ACTOR,
    basis: SYSTEM_ACTOR.basis,
    occurredAt: at,
    delivery: `ledger.exported:${randomUUID()}`,
    data: {
      origin,
      from: String(from),
      to: String(to),
      size: String(size),
      payloads,
      evidence,
      filter: filter === null ? null : canonicalText(filter),
      disclosed: payloads === 'none' ? [] : request.disclose,
    },
  };
}
