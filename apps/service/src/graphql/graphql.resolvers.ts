import type { Type } from '@nestjs/common';
import { AccessResolver } from './access/access.resolver.js';
import { PrincipalResolver } from './access/principal.resolver.js';
import { EntryAppendedResolver } from './ledger/entry-appended.resolver.js';
import { ActorResolver, EntryResolver } from './ledger/entry.resolver.js';
import { LedgerResolver } from './ledger/ledger.resolver.js';
import { LineageResolver } from './lineage/lineage.resolver.js';
import { PromotionRequestResolver } from './promotion/promotion-request.resolver.js';
import { VoteResolver } from './promotion/vote.resolver.js';
import { PromotionResolver } from './promotion/promotion.resolver.js';
import { ModelVersionResolver } from './registry/model-version.resolver.js';
import { PlacementResolver } from './registry/placement.resolver.js';
import { RegisteredModelResolver } from './registry/registered-model.resolver.js';
import { RegistryResolver } from './registry/registry.resolver.js';
import { SourcesResolver } from './sources/sources.resolver.js';
import { QuarantinedDeliveryResolver } from './sources/quarantined-delivery.resolver.js';
import { TenantResolver } from './access/tenant.resolver.js';

/** Every class with fields of the schema. */
export const RESOLVERS: readonly Type[] = [
  AccessResolver,
  ActorResolver,
  EntryAppendedResolver,
  EntryResolver,
  LedgerResolver,
  LineageResolver,
  ModelVersionResolver,
  PlacementResolver,
  PrincipalResolver,
  PromotionRequestResolver,
  PromotionResolver,
  QuarantinedDeliveryResolver,
  RegisteredModelResolver,
  RegistryResolver,
  SourcesResolver,
  TenantResolver,
  VoteResolver,
];
