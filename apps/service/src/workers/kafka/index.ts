export { KafkaIntake } from './kafka-intake.js';
export { bindTopics } from './topic-bindings.js';
