import { PROMOTION_STATES } from '@countersign/promotion';
import { registerEnumType } from '@nestjs/graphql';

/** Names of an enum whose values inside are the same words in lower case. */
const lower = <Name extends string>(...names: Name[]): Record<Name, string> =>
  Object.fromEntries(names.map((name) => [name, name.toLowerCase()])) as Record<Name, string>;
/** Names of an enum whose values inside are spelled the same. */
const same = <Name extends string>(names: readonly Name[]): Record<Name, Name> =>
  Object.fromEntries(names.map((name) => [name, name])) as Record<Name, Name>;

export const TierEnum = lower('SEQUENCED', 'PUBLISHED', 'WITNESSED', 'TIMESTAMPED');
registerEnumType(TierEnum, {
  name: 'Tier',
  description: 'How far the proof of an entry has come.',
});

export const BasisEnum = lower('SIGNED', 'AUTHENTICATED', 'REPORTED', 'INFERRED', 'BACKFILLED');
registerEnumType(BasisEnum, { name: 'Basis', description: 'How a fact is known.' });

export const PromotionStateEnum = same(PROMOTION_STATES);
registerEnumType(PromotionStateEnum, {
  name: 'PromotionState',
  description: 'Where a promotion request stands.',
});

export const VoteDecisionEnum = same(['APPROVE', 'REJECT']);
registerEnumType(VoteDecisionEnum, { name: 'VoteDecision', description: 'For or against.' });

export const GateOutcomeEnum = same(['PASS', 'FAIL', 'UNKNOWN']);
registerEnumType(GateOutcomeEnum, {
  name: 'GateOutcome',
  description: 'UNKNOWN holds a promotion back like FAIL.',
});

export const DirectionEnum = same(['UPSTREAM', 'DOWNSTREAM']);
registerEnumType(DirectionEnum, {
  name: 'Direction',
  description: 'UPSTREAM: what it was made from. DOWNSTREAM: what was made from it.',
});

export const LineageKindEnum = same([
  'DATASET',
  'DATASET_VERSION',
  'FEATURE_TABLE',
  'FEATURE',
  'JOB',
  'RUN',
  'MODEL',
  'MODEL_VERSION',
  'DEPLOYMENT',
  'ENDPOINT',
  'CODE',
  'EXTERNAL',
  'RESTRICTED',
]);
registerEnumType(LineageKindEnum, { name: 'LineageKind', description: 'What a lineage node is.' });

export const BindingQualityEnum = same(['OBSERVED', 'DECLARED', 'INFERRED', 'WEAK', 'UNKNOWN']);
registerEnumType(BindingQualityEnum, {
  name: 'BindingQuality',
  description: 'How sure it is that an edge touches exactly this version.',
});

export const SourceKindEnum = same([
  'MLFLOW',
  'DATABRICKS',
  'CLOUDERA_ATLAS',
  'CLOUDEVENTS',
  'OPENLINEAGE',
]);
registerEnumType(SourceKindEnum, {
  name: 'SourceKind',
  description: 'What kind of registry or tool.',
});
