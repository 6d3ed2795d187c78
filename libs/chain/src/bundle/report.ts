import {
  BUNDLE_CHECKS,
  BUNDLE_RULES,
  type BundleCheckName,
  type BundleFaultCode,
  type BundleRule,
} from './rules.js';

export interface BundleCheck {
  readonly name: BundleCheckName;
  /** `absent`: not part of this bundle, or not reached because of an earlier fault. */
  readonly result: 'pass' | 'fail' | 'absent';
  readonly detail: string;
}

/** The first thing found wrong; a proof of tampering goes before something that is missing. */
export interface BundleFault {
  readonly code: BundleFaultCode;
  /** The broken rule, as a sentence. */
  readonly rule: string;
  /** The first bad entry; null when it is not about one. */
  readonly sequence: bigint | null;
  readonly found: string;
  readonly expected: string;
}

/** What the bundle is about; null where reading did not get so far. Believe it only when the verdict is ok. */
export interface BundleSubject {
  kind: 'tenant' | 'heads' | null;
  origin: string | null;
  tenant: string | null;
  from: bigint | null;
  to: bigint | null;
  /** Of the signed tree, and its root in hex. */
  size: bigint | null;
  root: string | null;
  /** Entries read and found good, and entries whose payload is disclosed. */
  entries: bigint;
  payloads: bigint;
  /** Of the policy, those whose cosignature holds. */
  witnesses: readonly string[];
  /** Time stamps that hold: the file and its time. */
  timestamps: readonly { readonly who: string; readonly at: Date }[];
}

export interface BundleReport extends Readonly<BundleSubject> {
  readonly verdict: 'ok' | 'tampered' | 'incomplete';
  readonly checks: readonly BundleCheck[];
  readonly fault: BundleFault | null;
}

/** Ends a verification. Private to this folder: the caller gets a report. */
export class Stopped extends Error {}

export interface Evidence {
  readonly sequence?: bigint | number | undefined;
  readonly found: string;
  readonly expected: string;
}

/** Collects the graded results of one verification. */
export class Findings {
  readonly subject: BundleSubject = {
    kind: null,
    origin: null,
    tenant: null,
    from: null,
    to: null,
    size: null,
    root: null,
    entries: 0n,
    payloads: 0n,
    witnesses: [],
    timestamps: [],
  };
  private readonly checks = new Map<BundleCheckName, BundleCheck>();
  private fault: (BundleFault & { readonly weight: BundleRule['weight'] }) | null = null;

  /** `without`: rules that are not applied, for tests that show each to be needed. */
  constructor(private readonly without: ReadonlySet<BundleFaultCode> = new Set()) {}

  /** Notes a broken rule. Tampering ends the verification; what is incomplete lets it go on. */
  fail(code: BundleFaultCode, evidence: Evidence): void {
    if (this.without.has(code)) return;
    this.note(code, evidence);
    if (BUNDLE_RULES[code].weight === 'tampered') throw new Stopped();
  }

  /** Notes a broken rule without which there is nothing to go on with. */
  stop(code: BundleFaultCode, evidence: Evidence): never {
    this.note(code, evidence);
    throw new Stopped();
  }

  /** Unless the check has failed. */
  pass(name: BundleCheckName, detail: string): void {
    if (this.checks.get(name)?.result === 'fail') return;
    this.checks.set(name, { name, result: 'pass', detail });
  }

  /** Unless the check has been decided. */
  absent(name: BundleCheckName, detail: string): void {
    if (!this.checks.has(name)) this.checks.set(name, { name, result: 'absent', detail });
  }

  report(): BundleReport {
    for (const name of BUNDLE_CHECKS) this.absent(name, 'not reached');
    const checks = BUNDLE_CHECKS.flatMap((name) => this.checks.get(name) ?? []);
    if (this.fault === null) return { ...this.subject, verdict: 'ok', checks, fault: null };
    const { weight, ...fault } = this.fault;
    return { ...this.subject, verdict: weight, checks, fault };
  }

  private note(code: BundleFaultCode, { sequence, found, expected }: Evidence): void {
    const { check, weight, rule } = BUNDLE_RULES[code];
    this.checks.set(check, {
      name: check,
      result: 'fail',
      detail: `${code}: found ${found}, expected ${expected}`,
    });
    if (this.fault !== null && (this.fault.weight === 'tampered' || weight === 'incomplete'))
      return;
    const at = sequence === undefined ? null : BigInt(sequence);
    this.fault = { code, rule, sequence: at, found, expected, weight };
  }
}
