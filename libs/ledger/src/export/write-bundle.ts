import { treeFilePath, type TreeFile } from '@countersign/chain';
import { AppError } from '@countersign/kernel';
import { BundleFolder } from './bundle-folder.js';
import type { ExportPlan, ExportProgress, ExportReport } from './export-request.js';
import type { TreePart } from './tenant-files.js';

export interface WriteOptions {
  /** Where the bundle is written. */
  readonly folder: string;
  /** The request, as text: an unfinished export in the folder is gone on with only when it is of the same. */
  readonly request: string;
  /** Made when there is no unfinished export: fixes the plan, and records that somebody exports. */
  readonly begin: () => Promise<ExportPlan>;
  /** An unfinished export is about to go on: throws when it must not. */
  readonly goOn?: ((plan: ExportPlan) => Promise<void>) | undefined;
  readonly files: (plan: ExportPlan) => Iterable<TreePart>;
  /** Ends the export between two files; the same call goes on later. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined;
}

/**
 * Writes a bundle into a folder, or goes on with one that was interrupted; what comes out is the same. Throws
 * EXPORT_INTERRUPTED after `signal`, FOLDER_NOT_EMPTY and OTHER_EXPORT for folders that are not this export's.
 */
export async function writeBundle(options: WriteOptions): Promise<ExportReport> {
  const { signal } = options;
  const folder = await BundleFolder.open(options.folder, async (unfinished) => {
    if (unfinished === null) return JSON.stringify(await options.begin());
    await options.goOn?.(readPlan(unfinished, options));
    return unfinished;
  });
  try {
    return await write(folder, readPlan(folder.plan, options), options, () => {
      if (signal?.aborted === true) throw interrupted(options.folder);
    });
  } finally {
    await folder.close();
  }
}

async function write(
  folder: BundleFolder,
  plan: ExportPlan,
  options: WriteOptions,
  pause: () => void,
): Promise<ExportReport> {
  for (const { content, path } of plan.texts) {
    pause();
    if (!(await folder.takeFound(path))) await folder.write(path, [Buffer.from(content, 'base64')]);
  }
  const total = BigInt(plan.to - plan.from);
  for (const part of options.files(plan)) {
    pause();
    const { file } = part;
    const path = treeFilePath(file);
    if (!(await folder.takeFound(path)))
      await folder.write(path, part.parts(), file.kind === 'payload');
    if (file.kind === 'payload') options.onProgress?.({ done: doneAfter(plan, file), total });
  }
  await folder.finish();
  const { bytes, files, resumedFiles } = folder;
  const [size, from, to] = [BigInt(plan.size), BigInt(plan.from), BigInt(plan.to)];
  return { size, from, to, files, bytes, resumedFiles };
}

function doneAfter({ from, to }: ExportPlan, { index, width }: TreeFile): bigint {
  const end = Math.min(index * 256 + width, to);
  return BigInt(Math.max(end - from, 0));
}

function readPlan(unfinished: string, { folder, request }: WriteOptions): ExportPlan {
  const plan = JSON.parse(unfinished) as ExportPlan;
  if (plan.request === request) return plan;
  throw new AppError('OTHER_EXPORT', {
    publicMessage: `${folder} holds the unfinished export of something else.`,
    hint: 'Repeat the command that began it, or name another folder.',
  });
}

function interrupted(folder: string): AppError {
  return new AppError('EXPORT_INTERRUPTED', {
    publicMessage: `The export was interrupted. ${folder} is unfinished.`,
    hint: 'The same command goes on from there.',
  });
}
