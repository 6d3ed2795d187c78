import { randomUUID } from 'node:crypto';
import type { Message } from 'kafkajs';

/** Body of an MLflow webhook, which also travels over Kafka. */
export function mlflowBody(entity: string, action: string, data: object): string {
  return JSON.stringify({ entity, action, timestamp: new Date().toISOString(), data });
}

/** A CloudEvent in structured mode, ready to be sent, with the key that it is recorded under. */
export interface EventMessage extends Message {
  readonly value: string;
  readonly delivery: string;
}

const SOURCE = '/interop/events';

/** Key of a CloudEvent: both halves percent-encoded. */
export function cloudEventKey(id: string): string {
  return `ce:${encodeURIComponent(SOURCE)}:${encodeURIComponent(id)}`;
}

/** A CloudEvent in structured mode. */
export function structured(type: string, data: object, id: string = randomUUID()): EventMessage {
  const event = { specversion: '1.0', id, source: SOURCE, type, data };
  const headers = { 'content-type': 'application/cloudevents+json; charset=UTF-8' };
  return { value: JSON.stringify(event), headers, delivery: cloudEventKey(id) };
}

/** A CloudEvent in binary mode: attributes in headers, the data alone in the value. */
export function binary(type: string, data: string, id: string = randomUUID()): Message {
  return {
    value: data,
    headers: {
      ce_specversion: '1.0',
      ce_id: id,
      ce_source: SOURCE,
      ce_type: type,
      'content-type': 'application/json',
    },
  };
}

/** Numbered events about a handful of models. */
export function tagEvents(from: number, count: number): EventMessage[] {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index;
    return structured('countersign.model_version.tag_set', {
      name: `stream-${number % 10}`,
      version: '1',
      key: `tag-${number}`,
      value: `value ${number}`,
    });
  });
}
