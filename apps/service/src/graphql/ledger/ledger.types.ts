import type { Json } from '@countersign/kernel';
import { Field, ID, ObjectType } from '@nestjs/graphql';
import { InheritAccess } from '../rules/allow.js';
import { connectionType } from '../schema/connection.js';
import { BasisEnum, TierEnum } from '../schema/enums.js';
import { DateTimeScalar, JsonScalar, SequenceScalar } from '../schema/scalars.js';

@InheritAccess()
@ObjectType({ description: 'Who acted, as far as it is known.' })
export class Actor {
  @Field(() => String, {
    description: "Pseudonymous: 'user:<uuid>', 'svc:<uuid>', 'system:<part>' or 'unknown'.",
  })
  id!: string;

  @Field(() => String, { description: "'user', 'service', 'system' or 'unknown'." })
  kind!: string;

  @Field(() => BasisEnum, { description: 'How we know that it was this one.' })
  basis!: string;
}

@InheritAccess()
@ObjectType({ description: 'Received bytes. evidenceDigest = sha256(salt || bytes).' })
export class Evidence {
  @Field(() => String, { description: 'Base64.' })
  salt!: string;

  @Field(() => String, { description: 'As the sender named it.' })
  mediaType!: string;

  @Field(() => String, { description: 'Base64.' })
  bytes!: string;
}

@InheritAccess()
@ObjectType({
  description: 'The commitment at `path` of the payload = sha256(salt || canonical JSON of value).',
})
export class Disclosure {
  @Field(() => String, { description: 'JSON Pointer (RFC 6901) into the payload.' })
  path!: string;

  @Field(() => String, { description: 'Base64.' })
  salt!: string;

  @Field(() => JsonScalar, { description: 'The value that was committed to.' })
  value!: Json;

  @Field(() => String, { nullable: true, description: 'Whom the value is about, as an actor id.' })
  dataSubject!: string | null;
}

@InheritAccess()
@ObjectType({ description: 'One fact in the ledger. Never changes.' })
export class Entry {
  @Field(() => SequenceScalar, { description: 'Position in the tenant’s ledger: 0, 1, 2 …' })
  sequence!: bigint;

  @Field(() => ID, { description: 'Identity of the entry.' })
  id!: string;

  @Field(() => String, { description: "What happened, such as 'model_alias.set'." })
  type!: string;

  @Field(() => String, { description: "'<kind>/<name>' of the source; 'countersign' for our own." })
  source!: string;

  @Field(() => String, { description: "What it is about, such as 'model/card-fraud/version/2'." })
  subject!: string;

  @Field(() => Actor, { description: 'Who acted.' })
  actor!: Actor;

  @Field(() => BasisEnum, { description: 'How the fact is known.' })
  basis!: string;

  @Field(() => DateTimeScalar, { description: 'When it happened, as the source says.' })
  occurredAt!: Date;

  @Field(() => DateTimeScalar, { description: 'When we wrote it down.' })
  recordedAt!: Date;

  @Field(() => String, { description: 'Leaf hash of the entry before, hex; zeros at sequence 0.' })
  previousHash!: string;

  @Field(() => String, { description: 'SHA-256(0x00 || canonical), hex.' })
  leafHash!: string;

  @Field(() => String, { description: 'The exact bytes that were hashed, base64.' })
  canonical!: string;

  @Field(() => JsonScalar, {
    nullable: true,
    description: 'Readable form: disclosed values filled in, erased or withheld ones null.',
  })
  payload!: Json;

  @Field(() => String, {
    description:
      'The exact bytes that payloadDigest covers, base64; personal values are commitments.',
  })
  payloadCanonical!: string;

  @Field(() => String, { description: 'SHA-256 of the payload bytes, hex.' })
  payloadDigest!: string;

  @Field(() => [Disclosure], { description: 'What opens the commitments of the payload.' })
  disclosures!: Disclosure[];

  @Field(() => String, {
    nullable: true,
    description: 'Hex; null when nothing was received. Stays when the evidence is erased.',
  })
  evidenceDigest!: string | null;

  @Field(() => TierEnum, { description: 'How far the proof of this entry has come.' })
  tier!: string;
}

@InheritAccess()
@ObjectType({ description: 'A signed statement about the whole ledger (C2SP tlog-checkpoint).' })
export class Checkpoint {
  @Field(() => String, { description: 'Name of the log; never changes.' })
  origin!: string;

  @Field(() => SequenceScalar, { description: 'Number of entries that it covers.' })
  size!: bigint;

  @Field(() => String, { description: 'RFC 6962 root over those entries, hex.' })
  rootHash!: string;

  @Field(() => String, { description: 'The signed note, verbatim.' })
  note!: string;

  @Field(() => DateTimeScalar, { description: 'When we signed it.' })
  signedAt!: Date;

  @Field(() => TierEnum, { description: 'Who has seen it besides us.' })
  tier!: string;
}

export const EntryConnection = connectionType('Entry', () => Entry);
