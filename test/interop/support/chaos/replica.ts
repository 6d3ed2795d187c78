import { fork, type ChildProcess } from 'node:child_process';
import type { DraftKind } from './draft.js';
import type { FromWriter, ToWriter, WriterSettings } from './messages.js';

/** What a caller learns. `failed` says nothing about whether the entry was stored. */
export type Answer =
  { readonly sequence: bigint; readonly duplicate: boolean } | { readonly failed: string };

/** A writer process. What it acknowledged is known here, outside of what is killed. */
export class Replica {
  /** What its signers complained of. */
  readonly alarms: string[] = [];
  acknowledged = 0;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #loaded: Promise<void>;
  readonly #gone: Promise<void>;
  #asked = 0;
  #running = false;

  /** Starts loading at once; begins when it is told. `script`: made by bundle-writer.mjs. */
  constructor(script: string, settings: WriterSettings) {
    this.#child = fork(script, [JSON.stringify(settings)], { execArgv: [] });
    this.#gone = new Promise((resolve) => {
      this.#child.once('exit', () => {
        this.#lost();
        resolve();
      });
    });
    this.#loaded = new Promise((resolve, reject) => {
      this.#child.once('message', () => {
        resolve();
      });
      void this.#gone.then(() => {
        reject(new Error('the writer ended while it was loading'));
      });
    });
    this.#loaded.catch(() => undefined); // whoever begins it is told
    this.#child.on('message', (message: FromWriter) => {
      this.#heard(message);
    });
    this.#child.on('error', () => undefined); // a message to a process that was just killed
  }

  get running(): boolean {
    return this.#running;
  }

  async begin(): Promise<void> {
    await this.#loaded;
    this.#running = true;
    this.#tell({ begin: true });
  }

  append(name: string, kind: DraftKind): Promise<Answer> {
    if (!this.#running) return Promise.resolve({ failed: 'GONE' });
    const id = ++this.#asked;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#tell({ id, kind, name });
    });
  }

  /** SIGKILL; resolves when the process is gone and its last words were heard. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#gone;
  }

  #heard(message: FromWriter): void {
    if ('alarm' in message) this.alarms.push(message.alarm);
    if (!('id' in message)) return;
    const resolve = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('failed' in message) resolve?.({ failed: message.failed });
    else {
      this.acknowledged += 1;
      resolve?.({ sequence: BigInt(message.sequence), duplicate: message.duplicate });
    }
  }

  #lost(): void {
    this.#running = false;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const resolve of waiting) resolve({ failed: 'KILLED' });
  }

  #tell(message: ToWriter): void {
    this.#child.send(message, () => undefined);
  }
}
