import {
  addSignatureLines,
  cosigner,
  parseAddCheckpoint,
  parseCheckpoint,
  parseVerifierKey,
  type Cosigner,
  type NoteVerifier,
} from '@countersign/chain';
import type { Clock } from '@countersign/kernel';
import type { KeyObject } from 'node:crypto';
import { answer, type WitnessAnswer } from './answer.js';
import { judge, NOTHING_YET, type LastCosigned } from './judge.js';
import type { StateFolder } from './state-folder.js';
import { Turns } from './turns.js';

export interface WitnessOptions {
  readonly name: string;
  /** Ed25519; must serve nothing but this name. */
  readonly key: KeyObject;
  /** Verifier keys of the logs that are watched; a log may have several. */
  readonly logs: readonly string[];
  readonly state: StateFolder;
  readonly clock: Clock;
  /** Replaced by tests only. */
  readonly turns?: Pick<Turns, 'run'>;
}

/**
 * A witness (C2SP tlog-witness): cosigns a checkpoint only if it contains everything that was cosigned before, and
 * remembers it durably before it answers. One instance per state folder.
 */
export class Witness {
  readonly #cosigner: Cosigner;
  readonly #logs = new Map<string, NoteVerifier[]>();
  /** Check and store of one origin never overlap. */
  readonly #turns: Pick<Turns, 'run'>;

  /** Throws ChainError KEY_MALFORMED. */
  constructor(private readonly options: WitnessOptions) {
    this.#cosigner = cosigner(options.name, options.key);
    this.#turns = options.turns ?? new Turns();
    for (const vkey of options.logs) {
      const key = parseVerifierKey(vkey);
      this.#logs.set(key.name, [...(this.#logs.get(key.name) ?? []), key]);
    }
  }

  /** What the log's operators and verifiers put into their policy. */
  get vkey(): string {
    return this.#cosigner.vkey;
  }

  /** Answers a request body. Rejects only when the state cannot be read or written; nothing is cosigned then. */
  async addCheckpoint(body: string): Promise<WitnessAnswer> {
    const request = parseAddCheckpoint(body);
    if (request === null) return answer(400, 'not an add-checkpoint request');
    const origin = request.checkpoint.slice(0, request.checkpoint.indexOf('\n'));
    const logKeys = this.#logs.get(origin);
    if (logKeys === undefined) return answer(404, 'this log is not known here');
    return this.#turns.run(origin, async () => {
      const judgement = judge(request, origin, logKeys, await this.#last(origin));
      if (!judgement.ok) return judgement.answer;
      const line = this.#cosigner.cosign(request.checkpoint, this.options.clock.now());
      // Stored first: an answer that gets lost costs nothing, one that is forgotten would allow a second history.
      await this.options.state.write(origin, addSignatureLines(request.checkpoint, [line]));
      return answer(200, line);
    });
  }

  /** The newest checkpoint with this witness's cosignature, by the hex SHA-256 of its origin; null when there is none. */
  async checkpoint(originHash: string): Promise<string | null> {
    return this.options.state.readByHash(originHash);
  }

  async #last(origin: string): Promise<LastCosigned> {
    const note = await this.options.state.read(origin);
    if (note === null) return NOTHING_YET;
    const checkpoint = parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1));
    if (checkpoint?.origin !== origin) throw new Error(`the state of ${origin} is damaged`);
    return checkpoint;
  }
}
