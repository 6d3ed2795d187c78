import { LedgerQueries } from '@countersign/ledger';
import { AppError } from '@countersign/kernel';
import { Args, Query, Resolver } from '@nestjs/graphql';
import { Caller, CurrentCaller } from '../runtime/caller.js';
import { Allow } from '../rules/allow.js';
import { PageArgs, toConnection, type Connection } from '../schema/connection.js';
import { SequenceScalar } from '../schema/scalars.js';
import { EntryFilter } from './ledger.input.js';
import { Checkpoint, Entry, EntryConnection } from './ledger.types.js';
import { hex, toCheckpoint, toEntry } from './to-entry.js';

@Resolver()
export class LedgerResolver {
  constructor(private readonly ledger: LedgerQueries) {}

  @Allow('ledger.read', 'ledger')
  @Query(() => EntryConnection, {
    description: 'Entries in sequence order; with `last` the newest ones.',
  })
  async entries(
    @CurrentCaller() caller: Caller,
    @Args('filter', { type: () => EntryFilter, nullable: true }) filter: EntryFilter | null,
    @Args({ type: () => PageArgs }) page: PageArgs,
  ): Promise<Connection<Entry>> {
    return toConnection(
      await caller.read((tx) => this.ledger.entries(tx, filter ?? {}, page)),
      toEntry,
    );
  }

  @Allow('ledger.read', 'ledger')
  @Query(() => Entry, { nullable: true, description: 'One entry; null when there is none.' })
  async entry(
    @CurrentCaller() caller: Caller,
    @Args('sequence', { type: () => SequenceScalar }) sequence: bigint,
  ): Promise<Entry | null> {
    const record = await caller.read((tx) => this.ledger.entry(tx, sequence));
    return record === null ? null : toEntry(record);
  }

  @Allow('ledger.read', 'ledger')
  @Query(() => Checkpoint, {
    nullable: true,
    description: 'The newest signed checkpoint; null while the ledger is empty.',
  })
  async checkpoint(@CurrentCaller() caller: Caller): Promise<Checkpoint | null> {
    const record = await caller.read((tx) => this.ledger.checkpoint(tx));
    return record === null ? null : toCheckpoint(record);
  }

  @Allow('ledger.read', 'ledger')
  @Query(() => [String], {
    complexity: 200,
    description:
      'Hashes, hex, that the tree of size `to` extends the one of size `from` (RFC 6962).',
  })
  async consistencyProof(
    @CurrentCaller() caller: Caller,
    @Args('from', { type: () => SequenceScalar }) from: bigint,
    @Args('to', { type: () => SequenceScalar }) to: bigint,
  ): Promise<string[]> {
    if (from > to) throw badRange();
    return (await caller.read((tx) => this.ledger.consistencyProof(tx, from, to))).map(hex);
  }
}

function badRange(): AppError {
  return new AppError('BAD_REQUEST', {
    publicMessage: '`from` is beyond `to`.',
    hint: 'Ask from the smaller tree to the larger one.',
  });
}
