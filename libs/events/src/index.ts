export { decisionSchema } from './access-events.js';
export { eventCatalogue, isEventType, type EventType } from './catalogue.js';
export {
  BASES,
  Personal,
  personal,
  SYSTEM_ACTOR,
  UNKNOWN_ACTOR,
  type ActorKind,
  type ActorRef,
  type Basis,
  type DraftJson,
  type EntryDraft,
  type EvidenceDraft,
  type TenantDrafts,
} from './draft.js';
export { subjects } from './subjects.js';
