import {
  BUNDLE_FILES,
  formatBundleManifest,
  treeFiles,
  type BundleManifest,
  type TreeFile,
} from '@countersign/chain';
import type { Database } from '@countersign/database';
import { AppError, type Clock } from '@countersign/kernel';
import { HeadsQueries } from '../heads/heads-queries.js';
import type { ExportTarget } from './export-tenant.js';
import type { ExportPlan, ExportReport } from './export-request.js';
import { text, tokenTexts } from './plan-export.js';
import type { TreePart } from './tenant-files.js';
import { writeBundle } from './write-bundle.js';

export interface HeadsExportContext {
  readonly database: Database;
  readonly clock: Clock;
  readonly tool: string;
  readonly policy: string | null;
}

/**
 * Writes the log of heads, up to its newest published checkpoint, as a bundle whose entries are its leaves. It names no
 * tenant and is public, so no entry speaks of it. Throws NOT_PUBLISHED and as `writeBundle`.
 */
export async function exportHeads(
  context: HeadsExportContext,
  target: ExportTarget,
): Promise<ExportReport> {
  return writeBundle({
    ...target,
    request: 'heads',
    begin: () => planHeadsExport(context),
    files: function* (plan): Generator<TreePart, void, undefined> {
      for (const file of treeFiles(plan)) yield { file, parts: () => partsOf(context, file) };
    },
  });
}

async function planHeadsExport(context: HeadsExportContext): Promise<ExportPlan> {
  const { clock, database, policy, tool } = context;
  const heads = new HeadsQueries();
  return database.global(async (db) => {
    const published = await heads.checkpoint(db, { published: true });
    if (published === null) {
      throw new AppError('NOT_PUBLISHED', {
        publicMessage: 'The log of heads has no published checkpoint yet.',
        hint: 'The service publishes within seconds while it runs; with a witness policy, once the quorum has cosigned.',
      });
    }
    const size = Number(published.size);
    const manifest: BundleManifest = {
      created: clock.now().toISOString(),
      evidence: false,
      filter: null,
      from: 0,
      kind: 'heads',
      origin: published.origin,
      payloads: 'none',
      size,
      tenant: null,
      to: size,
      tool,
    };
    const tokens = tokenTexts(await heads.anchors(db, published.size));
    return {
      kind: 'heads',
      ...{ size, from: 0, to: size },
      request: 'heads',
      texts: [
        text(BUNDLE_FILES.manifest, formatBundleManifest(manifest)),
        text(BUNDLE_FILES.checkpoint, published.note),
        ...tokens,
        ...(policy === null ? [] : [text(BUNDLE_FILES.policy, policy)]),
      ],
      began: published.size.toString(),
    };
  });
}

async function* partsOf(
  { database }: HeadsExportContext,
  { index, kind, level, width }: TreeFile,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (kind === 'payload') return; // its leaves have none
  const heads = new HeadsQueries();
  const bytes = await database.global((db) =>
    kind === 'entries'
      ? heads.entries(db, BigInt(index), width)
      : heads.tile(db, level, BigInt(index), width),
  );
  if (bytes === null) {
    throw new AppError('TILE_MISSING', {
      publicMessage: `The log of heads lacks ${kind} ${index} of level ${level}.`,
      hint: 'It was changed behind the service.',
    });
  }
  yield bytes;
}
