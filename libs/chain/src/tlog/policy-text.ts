import { ChainError } from '../errors.js';
import { toHex } from '../hash.js';
import { ED25519, ED25519_COSIGNATURE, readKey } from '../note/keys.js';
import {
  NO_QUORUM,
  type PolicyGroup,
  type PolicyLog,
  type PolicyWitness,
  type TlogPolicy,
} from './policy.js';

/** Longer texts are refused unread. */
const POLICY_CHARS_MAX = 4 * 1024 * 1024;
/** More witnesses or groups are refused; the specification asks for 32. */
const POLICY_NAMES_MAX = 1_000;

export type PolicyCode =
  | 'POLICY_TOO_LARGE'
  | 'POLICY_CHARACTER'
  | 'POLICY_KEYWORD'
  | 'POLICY_FIELDS'
  | 'POLICY_KEY'
  | 'POLICY_DUPLICATE_KEY'
  | 'POLICY_NAME_TAKEN'
  | 'POLICY_NAME_UNKNOWN'
  | 'POLICY_MEMBER_TWICE'
  | 'POLICY_THRESHOLD'
  | 'POLICY_QUORUM';

export type ParsedPolicy =
  | { readonly ok: true; readonly policy: TlogPolicy }
  | {
      readonly ok: false;
      readonly code: PolicyCode;
      /** From 1 on; 0 when it is not about one line. */
      readonly line: number;
      readonly detail: string;
    };

/** The text of a policy. Throws ChainError POLICY_INVALID for one that could not be read back. */
export function formatTlogPolicy(policy: TlogPolicy): string {
  const lines = [
    ...policy.logs.map(({ vkey, url }) => words('log', vkey, url)),
    ...policy.witnesses.map(({ name, vkey, url }) => words('witness', name, vkey, url)),
    ...policy.groups.map(({ name, threshold, members }) =>
      words('group', name, thresholdWord(threshold, members.length), ...members),
    ),
    words('quorum', policy.quorum),
  ];
  const text = lines.map((line) => `${line}\n`).join('');
  const read = parseTlogPolicy(text);
  if (!read.ok) throw new ChainError('POLICY_INVALID', `${read.code}: ${read.detail}`);
  return text;
}

function words(...parts: (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(' ');
}

function thresholdWord(threshold: number, members: number): string {
  if (threshold === members) return 'all';
  return threshold === 1 ? 'any' : String(threshold);
}

/**
 * Reads a C2SP tlog-policy file. Never throws. One point is wider than the specification: two log lines may hold the
 * same public key under different names, since one installation signs several logs with one key, and a checkpoint
 * counts for its origin only. A witness's key counts once, as specified.
 */
export function parseTlogPolicy(text: string): ParsedPolicy {
  if (text.length > POLICY_CHARS_MAX) {
    return {
      ok: false,
      code: 'POLICY_TOO_LARGE',
      line: 0,
      detail: `over ${POLICY_CHARS_MAX} characters`,
    };
  }
  const reader = new PolicyReader();
  let line = 0;
  try {
    for (const content of text.split('\n')) {
      line++;
      reader.line(content);
    }
    line = 0;
    return { ok: true, policy: reader.policy() };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ok: false, code: error.code, line, detail: error.message };
  }
}

class Refusal extends Error {
  constructor(
    readonly code: PolicyCode,
    detail: string,
  ) {
    super(detail);
  }
}

// U+FFFD stands where a file was not UTF-8: two different names could read the same.
// eslint-disable-next-line no-control-regex -- the specification lists the allowed octets
const FORBIDDEN = /[\u0000-\u0008\u000a-\u001f\u007f\ufffd]/;

class PolicyReader {
  private readonly logs: PolicyLog[] = [];
  private readonly witnesses: PolicyWitness[] = [];
  private readonly groups: PolicyGroup[] = [];
  private readonly names = new Set<string>([NO_QUORUM]);
  private readonly members = new Set<string>();
  private readonly logKeys = new Set<string>();
  private readonly witnessKeys = new Set<string>();
  private quorum: string | null = null;

  line(content: string): void {
    if (FORBIDDEN.test(content)) refuse('POLICY_CHARACTER', 'a control character, or no UTF-8');
    const fields = content.split(/[ \t]+/).filter((field) => field !== '');
    const [keyword, ...rest] = fields;
    if (keyword === undefined || keyword.startsWith('#')) return;
    switch (keyword) {
      case 'log':
        this.log(rest);
        return;
      case 'witness':
        this.witness(rest);
        return;
      case 'group':
        this.group(rest);
        return;
      case 'quorum':
        this.setQuorum(rest);
        return;
      default:
        refuse('POLICY_KEYWORD', `${shown(keyword)}: expected log, witness, group or quorum`);
    }
  }

  policy(): TlogPolicy {
    const { logs, witnesses, groups, quorum } = this;
    if (quorum === null) return refuse('POLICY_QUORUM', 'no quorum line');
    return { logs, witnesses, groups, quorum };
  }

  private log([vkey, url, ...more]: string[]): void {
    if (vkey === undefined || more.length > 0) refuse('POLICY_FIELDS', 'log <vkey> [<url>]');
    const { name } = publicKey(vkey, ED25519);
    if (this.logKeys.has(vkey)) refuse('POLICY_DUPLICATE_KEY', 'this log stands twice');
    this.logKeys.add(vkey);
    this.logs.push({ vkey, origin: name, ...(url === undefined ? {} : { url }) });
  }

  private witness([name, vkey, url, ...more]: string[]): void {
    if (name === undefined || vkey === undefined || more.length > 0) {
      refuse('POLICY_FIELDS', 'witness <name> <vkey> [<url>]');
    }
    const key = toHex(publicKey(vkey, ED25519_COSIGNATURE).key);
    this.define(name);
    if (this.witnessKeys.has(key)) {
      refuse('POLICY_DUPLICATE_KEY', 'two witnesses with one key would count twice');
    }
    this.witnessKeys.add(key);
    this.witnesses.push({ name, vkey, ...(url === undefined ? {} : { url }) });
  }

  private group([name, word, ...members]: string[]): void {
    if (name === undefined || word === undefined || members.length === 0) {
      refuse('POLICY_FIELDS', 'group <name> <k|any|all> <name>...');
    }
    for (const member of members) {
      if (member === NO_QUORUM || !this.names.has(member)) {
        refuse('POLICY_NAME_UNKNOWN', `${shown(member)} is not defined above`);
      }
      if (this.members.has(member)) {
        refuse('POLICY_MEMBER_TWICE', `${shown(member)} is a member already`);
      }
      this.members.add(member);
    }
    this.define(name);
    this.groups.push({ name, threshold: threshold(word, members.length), members });
  }

  private setQuorum([name, ...more]: string[]): void {
    if (name === undefined || more.length > 0) refuse('POLICY_FIELDS', 'quorum <name>');
    if (this.quorum !== null) refuse('POLICY_QUORUM', 'a second quorum line');
    if (!this.names.has(name)) refuse('POLICY_NAME_UNKNOWN', `${shown(name)} is not defined above`);
    this.quorum = name;
  }

  private define(name: string): void {
    if (this.names.has(name)) refuse('POLICY_NAME_TAKEN', `${shown(name)} has a meaning already`);
    if (this.names.size > POLICY_NAMES_MAX) {
      refuse('POLICY_TOO_LARGE', `more than ${POLICY_NAMES_MAX} witnesses and groups`);
    }
    this.names.add(name);
  }
}

function publicKey(vkey: string, type: number): { name: string; key: Uint8Array } {
  try {
    return readKey(vkey, type);
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    return refuse('POLICY_KEY', `${shown(vkey)}: ${error.message}`);
  }
}

function threshold(word: string, members: number): number {
  if (word === 'all') return members;
  if (word === 'any') return 1;
  const k = /^[1-9][0-9]{0,3}$/.test(word) ? Number(word) : 0;
  if (k < 1 || k > members) {
    refuse('POLICY_THRESHOLD', `${shown(word)}: expected any, all, or 1 to ${members}`);
  }
  return k;
}

function refuse(code: PolicyCode, detail: string): never {
  throw new Refusal(code, detail);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
