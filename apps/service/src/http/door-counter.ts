import { Counter, type Registry } from 'prom-client';
import type { CountAnswer } from './door-answers.js';

/** A counter of the doors' answers. Refused deliveries leave no other trace. */
export function doorCounter(registry: Registry): CountAnswer {
  const counter = new Counter({
    name: 'countersign_door_answers_total',
    help: 'Deliveries by door and answer.',
    labelNames: ['door', 'answer'] as const,
    registers: [registry],
  });
  return (door, answer) => counter.inc({ door, answer });
}
