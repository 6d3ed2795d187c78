import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AppError, type Clock } from '@countersign/kernel';
import { FolderStore } from './copies/folder-store.js';
import { S3Store, type S3StoreOptions } from './copies/s3-store.js';
import type { WriteOnceStore } from './copies/write-once-store.js';
import type { OutsideSource } from './outside/outside-source.js';
import { copySource, fileSource, witnessSource } from './outside/sources.js';
import type { TimestampAuthority } from './timestamp/timestamp-client.js';
import type { Address } from './witnesses/witness-client.js';
import { witnessSet, type WitnessSet } from './witnesses/witness-set.js';
import type { AnchorName } from './worker/anchor-rows.js';

/** The settings that name who is outside; those of libs/config fit. */
export interface AnchorSettings {
  readonly witnessPolicyFile: string | null;
  readonly witnessUrls: readonly string[];
  readonly timestampUrl: string | null;
  readonly timestampCertificateFile: string | null;
  readonly copyDir: string | null;
  readonly s3: Omit<S3StoreOptions, 'now' | 'timeoutMs'> | null;
}

/** Who is outside. */
export interface Anchors {
  readonly witnesses: WitnessSet | null;
  readonly authority: TimestampAuthority | null;
  readonly stores: readonly WriteOnceStore[];
  /** The newest checkpoint beside the other local state. */
  readonly file: string;
}

/** Reads the files that the settings name. Throws WITNESS_POLICY or TSA_CERTIFICATE. */
export async function openAnchors(
  settings: AnchorSettings,
  file: string,
  clock: Clock,
): Promise<Anchors> {
  const { copyDir, s3, timestampUrl } = settings;
  const stores: WriteOnceStore[] = [];
  if (copyDir !== null) stores.push(new FolderStore(copyDir));
  if (s3 !== null) stores.push(new S3Store({ ...s3, now: () => clock.now() }));
  return {
    file,
    stores,
    witnesses: await readWitnesses(settings),
    authority:
      timestampUrl === null
        ? null
        : {
            url: timestampUrl,
            certificates: await readCertificates(settings.timestampCertificateFile),
          },
  };
}

/** Where the newest checkpoint may be found again. */
export function outsideSources({ file, stores, witnesses }: Anchors): OutsideSource[] {
  return [
    ...reachableWitnesses(witnesses).map(witnessSource),
    ...stores.map(copySource),
    fileSource(file),
  ];
}

/** Witnesses with an address. */
export function reachableWitnesses(set: WitnessSet | null): Address[] {
  return (set?.witnesses ?? []).flatMap(({ key, name, url }) =>
    url === null ? [] : [{ key, name, url }],
  );
}

/** Everybody whose lag is looked at. */
export function anchorNames({ authority, stores, witnesses }: Anchors): AnchorName[] {
  return [
    ...reachableWitnesses(witnesses).map(({ name }) => ({ kind: 'witness' as const, who: name })),
    ...(authority === null
      ? []
      : [{ kind: 'timestamp' as const, who: new URL(authority.url).hostname }]),
    ...stores.map(({ name }) => ({ kind: 'copy' as const, who: name })),
  ];
}

async function readWitnesses(settings: AnchorSettings): Promise<WitnessSet | null> {
  const { witnessPolicyFile: file, witnessUrls } = settings;
  if (file === null) return null;
  return witnessSet(await textOf('WITNESS_POLICY_FILE', 'WITNESS_POLICY', file), witnessUrls);
}

async function readCertificates(file: string | null): Promise<X509Certificate[] | null> {
  if (file === null) return null;
  const text = await textOf('TSA_CERTIFICATE_FILE', 'TSA_CERTIFICATE', file);
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
  } catch {
    // falls through: not a certificate
  }
  throw unusable('TSA_CERTIFICATE_FILE', 'TSA_CERTIFICATE', file, 'it holds no PEM certificate');
}

async function textOf(setting: string, code: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw unusable(setting, code, file, 'it cannot be read', error);
  }
}

function unusable(
  setting: string,
  code: string,
  file: string,
  why: string,
  cause?: unknown,
): AppError {
  return new AppError(code, {
    publicMessage: `${setting} ${file} cannot be used: ${why}.`,
    hint: `Correct ${setting}, or leave it out.`,
    cause,
  });
}
