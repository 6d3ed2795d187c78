export { endProcess } from './end-process.js';
export type { IntakeLog } from './intake-log.js';
export type { KafkaConnection } from './kafka-client.js';
export { KafkaIntake, type KafkaIntakeOptions } from './kafka-intake.js';
export { bindTopics, type TopicBindingsOptions, type WantedTopic } from './topic-bindings.js';
