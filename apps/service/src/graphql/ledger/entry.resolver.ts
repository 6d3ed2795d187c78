import { LedgerQueries, type EntryRecord } from '@countersign/ledger';
import { PrincipalNames } from '@countersign/identity';
import { Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Caller, CurrentCaller, type Edge } from '../runtime/caller.js';
import { AllowWithParent } from '../rules/allow.js';
import { Actor, Entry, Evidence } from './ledger.types.js';
import { base64 } from './to-entry.js';

@Resolver(() => Actor)
export class ActorResolver {
  private readonly names: Edge<string, string | null>;

  constructor(principals: PrincipalNames) {
    this.names = {
      name: 'actor.displayName',
      key: (id) => id,
      load: async (tx, ids) => {
        const names = await principals.of(tx, ids);
        return ids.map((id) => names.get(id) ?? null);
      },
    };
  }

  @AllowWithParent()
  @ResolveField(() => String, {
    nullable: true,
    description: 'The name as last seen; null when unknown or erased.',
  })
  displayName(@CurrentCaller() caller: Caller, @Parent() actor: Actor): Promise<string | null> {
    return caller.load(this.names, actor.id);
  }
}

@Resolver(() => Entry)
export class EntryResolver {
  private readonly evidenceOf: Edge<bigint, Evidence | null>;
  private readonly proofOf: Edge<bigint, string | null>;

  constructor(ledger: LedgerQueries) {
    this.proofOf = {
      name: 'entry.proof',
      key: (sequence) => sequence.toString(),
      load: (tx, sequences) => ledger.receipts(tx, sequences),
    };
    this.evidenceOf = {
      name: 'entry.evidence',
      key: (sequence) => sequence.toString(),
      load: async (tx, sequences) => {
        const records = await ledger.entriesBySequence(tx, sequences, { evidence: true });
        const bySequence = new Map(records.map((record) => [record.sequence, record]));
        return sequences.map((sequence) => toEvidence(bySequence.get(sequence)));
      },
    };
  }

  @AllowWithParent()
  @ResolveField(() => Evidence, {
    nullable: true,
    complexity: 5,
    description: 'The bytes as received. Null once erased; evidenceDigest stays.',
  })
  evidence(@CurrentCaller() caller: Caller, @Parent() entry: Entry): Promise<Evidence | null> {
    return entry.evidenceDigest === null
      ? Promise.resolve(null)
      : caller.load(this.evidenceOf, entry.sequence);
  }

  @AllowWithParent()
  @ResolveField(() => String, {
    nullable: true,
    complexity: 20,
    description:
      'A c2sp.org/tlog-proof@v1 receipt for this entry under the newest checkpoint; null before the first one.',
  })
  proof(@CurrentCaller() caller: Caller, @Parent() entry: Entry): Promise<string | null> {
    return caller.load(this.proofOf, entry.sequence);
  }
}

function toEvidence(record: EntryRecord | undefined): Evidence | null {
  const evidence = record?.evidence ?? null;
  return evidence === null
    ? null
    : {
        salt: base64(evidence.salt),
        mediaType: evidence.mediaType,
        bytes: base64(evidence.bytes),
      };
}
