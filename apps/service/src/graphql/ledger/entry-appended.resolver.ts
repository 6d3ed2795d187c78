import { Args, Resolver, Subscription } from '@nestjs/graphql';
import { Inject } from '@nestjs/common';
import { Caller, CurrentCaller } from '../runtime/caller.js';
import { Allow } from '../rules/allow.js';
import { toGraphqlError } from '../runtime/errors.js';
import { SequenceScalar } from '../schema/scalars.js';
import { entryStream, type EntryStreamDeps } from './entry-stream.js';
import { EntryFilter } from './ledger.input.js';
import { Entry } from './ledger.types.js';
import { toEntry } from './to-entry.js';

/** What a stream of entries needs, as one provider. */
export const ENTRY_STREAM = Symbol('ENTRY_STREAM');

@Resolver()
export class EntryAppendedResolver {
  constructor(@Inject(ENTRY_STREAM) private readonly deps: EntryStreamDeps) {}

  @Allow('ledger.read', 'ledger')
  @Subscription(() => Entry, {
    description: "New entries of the caller's tenant, in order; resumes after a sequence.",
  })
  async *entryAppended(
    @CurrentCaller() caller: Caller,
    @Args('filter', { type: () => EntryFilter, nullable: true }) filter: EntryFilter | null,
    @Args('afterSequence', { type: () => SequenceScalar, nullable: true })
    afterSequence: bigint | null,
  ): AsyncGenerator<{ entryAppended: Entry }, void, undefined> {
    try {
      const stream = entryStream(this.deps, caller.principal, filter ?? {}, afterSequence ?? null);
      for await (const record of stream) yield { entryAppended: toEntry(record) };
    } catch (error) {
      throw toGraphqlError(error, caller.requestId);
    }
  }
}
