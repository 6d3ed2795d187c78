import { readFileSync, statSync } from 'node:fs';
import {
  parseTlogPolicy,
  verifyBundle,
  verifyBundleSet,
  type BundleFault,
  type BundleOptions,
  type BundleReport,
  type BundleSetReport,
} from '@countersign/chain';
import { CommandFailure, EXIT, type ExitCode } from '../exit.js';
import type { Output } from '../output.js';
import { FolderBundle } from './folder-bundle.js';

export interface VerifyFolderRequest {
  readonly folder: string;
  /** A tlog-policy file: the only place from which keys, origins and the quorum are taken. */
  readonly policy: string;
  /** A checkpoint that was kept from an earlier time. */
  readonly known?: string | undefined;
  /** Tenants' bundles to be judged together with a bundle of the log of heads. */
  readonly with?: readonly string[] | undefined;
  readonly json: boolean;
  readonly verifyTimestamp?: BundleOptions['verifyTimestamp'];
}

const EXIT_OF = { ok: EXIT.ok, tampered: EXIT.tampered, incomplete: EXIT.incomplete } as const;
/** A file of the auditor's own; larger ones are a mistake. */
const OWN_BYTES_MAX = 4 * 1024 * 1024;

/** Verifies a bundle, or a log of heads with its tenants' bundles; prints the report and returns the exit code. */
export async function verifyFolder(
  request: VerifyFolderRequest,
  output: Output,
): Promise<ExitCode> {
  const options = readOptions(request, output);
  try {
    const heads = new FolderBundle(folder(request.folder));
    const names = request.with ?? [];
    if (names.length === 0) {
      const report = await verifyBundle(heads, options);
      output.progress('');
      if (request.json) output.out(toJson(report));
      else reportLines(report).forEach((line) => output.out(line));
      return EXIT_OF[report.verdict];
    }
    const tenants = names.map((name) => ({ name, reader: new FolderBundle(folder(name)) }));
    const report = await verifyBundleSet(heads, tenants, options);
    output.progress('');
    if (request.json) output.out(toJson(report));
    else setLines(report, request.folder).forEach((line) => output.out(line));
    return EXIT_OF[report.verdict];
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code !== 'string') throw error;
    throw new CommandFailure(`The bundle cannot be read: ${code}.`, '', EXIT.incomplete);
  }
}

function readOptions(request: VerifyFolderRequest, output: Output): BundleOptions {
  const parsed = parseTlogPolicy(own(request.policy));
  if (!parsed.ok) {
    const where = parsed.line === 0 ? '' : ` line ${parsed.line}:`;
    throw usage(`The policy file is malformed:${where} ${parsed.code}, ${parsed.detail}`);
  }
  let shown = 0;
  return {
    policy: parsed.policy,
    known: request.known === undefined ? undefined : own(request.known),
    verifyTimestamp: request.verifyTimestamp,
    onProgress: (done, total) => {
      const now = performance.now();
      if (now - shown < 200 && done < total) return;
      shown = now;
      output.progress(`${done} of ${total} entries`);
    },
  };
}

function own(file: string): string {
  try {
    if (statSync(file).size <= OWN_BYTES_MAX) return readFileSync(file, 'utf8');
  } catch {
    throw usage(`The file ${file} cannot be read.`);
  }
  throw usage(`The file ${file} is too large.`);
}

function folder(path: string): string {
  try {
    if (statSync(path).isDirectory()) return path;
  } catch {
    throw new CommandFailure(`The folder ${path} cannot be read.`, '', EXIT.incomplete);
  }
  throw usage(`${path} is no folder.`);
}

function reportLines(report: BundleReport): string[] {
  const { origin, from, to, size, verdict } = report;
  const range =
    size === null
      ? ''
      : `: entries ${String(from)} to ${String(to)} of ${size} of ${String(origin)}`;
  return [
    `${verdict.toUpperCase()}${range}`,
    ...report.checks.map(
      ({ name, result, detail }) => `  ${name.padEnd(13)}${result.padEnd(8)}${printable(detail)}`,
    ),
    ...faultLines(report.fault),
  ];
}

function setLines(set: BundleSetReport, headsName: string): string[] {
  return [
    `${headsName}: ${reportLines(set.heads).join('\n')}`,
    ...set.bundles.flatMap(({ name, report }) => `${name}: ${reportLines(report).join('\n')}`),
    ...faultLines(set.fault),
    `${set.verdict.toUpperCase()}: the log of heads and ${set.bundles.length} bundles together`,
  ];
}

function faultLines(fault: BundleFault | null): string[] {
  if (fault === null) return [];
  const { code, rule, sequence, found, expected } = fault;
  const at = sequence === null ? '' : ` at sequence ${sequence}`;
  return [
    `${code}${at}: ${rule}`,
    `  found     ${printable(found)}`,
    `  expected  ${printable(expected)}`,
  ];
}

/** A bundle's own words on a terminal: no control character gets through, and no endless line. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd').slice(0, 400);
}

/** Sizes and sequences as text: JSON numbers end at 2^53. */
function toJson(report: BundleReport | BundleSetReport): string {
  return JSON.stringify(report, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

function usage(message: string): CommandFailure {
  return new CommandFailure(message, 'See countersign verify --help.', EXIT.usage);
}
