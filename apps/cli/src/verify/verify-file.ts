import { createReadStream } from 'node:fs';
import { parseVerifierKey, verifyExport, type ExportVerdict } from '@countersign/chain';

export interface VerifyFileRequest {
  readonly file: string;
  /** The log's name: the first line of its checkpoints. Pinned by whoever verifies. */
  readonly origin: string;
  /** The log's verifier key (C2SP signed-note vkey). Pinned as well. */
  readonly key: string;
}

/** What came out, for people and for programs. */
export interface VerifyFileResult {
  readonly exitCode: 0 | 1 | 2 | 3;
  readonly ok: boolean;
  readonly code: string | null;
  readonly sequence: string | null;
  readonly detail: string;
}

/** Codes that say "cannot be judged" rather than "was changed". */
const INCOMPLETE: ReadonlySet<string> = new Set(['CHECKPOINT_MISSING']);

/**
 * Verifies a ledger export without any service, database or network: the checkpoint's signature with the pinned key,
 * every entry, every link, and the root. Reads line by line, so the file may be larger than the memory.
 */
export async function verifyFile(request: VerifyFileRequest): Promise<VerifyFileResult> {
  const verifier = readKey(request.key);
  if (verifier === null)
    return failed(3, 'BAD_KEY', 'The key is not a verifier key (name+id+key).');
  try {
    const policy = { origin: request.origin, logKeys: [verifier] };
    return judge(await verifyExport(linesOf(request.file), policy));
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code !== 'string') throw error;
    return failed(2, code, `The file ${request.file} cannot be read.`);
  }
}

function judge(verdict: ExportVerdict): VerifyFileResult {
  if (verdict.ok) {
    return {
      exitCode: 0,
      ok: true,
      code: null,
      sequence: null,
      detail: `${verdict.size} entries, checkpoint over ${verdict.checkpointSize}`,
    };
  }
  return {
    exitCode: INCOMPLETE.has(verdict.code) ? 2 : 1,
    ok: false,
    code: verdict.code,
    sequence: verdict.sequence === null ? null : verdict.sequence.toString(),
    detail: verdict.detail,
  };
}

function failed(exitCode: 1 | 2 | 3, code: string, detail: string): VerifyFileResult {
  return { exitCode, ok: false, code, sequence: null, detail };
}

function readKey(text: string): ReturnType<typeof parseVerifierKey> | null {
  try {
    return parseVerifierKey(text);
  } catch {
    return null;
  }
}

const LF = 0x0a;
const LINE_BYTES_MAX = 16 * 1024 * 1024;

/** Lines as bytes, without their line feed. A line without end is cut, and then is no line of an export. */
async function* linesOf(file: string): AsyncGenerator<Uint8Array, void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = data.indexOf(LF); end >= 0; end = data.indexOf(LF)) {
      yield data.subarray(0, end);
      data = data.subarray(end + 1);
    }
    rest = data.length > LINE_BYTES_MAX ? Buffer.alloc(1) : Buffer.from(data);
  }
  if (rest.length > 0) yield rest;
}
