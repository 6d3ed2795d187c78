import { Database } from '@countersign/database';
import { IdentityService } from '@countersign/identity';
import { IngestService, SourceService } from '@countersign/ingest';
import type { Clock } from '@countersign/kernel';
import { publishedHeads, publishedLedger } from '@countersign/ledger';
import { PolicyService } from '@countersign/policy';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { Admission } from '../http/admission.js';
import { doorCounter } from '../http/door-counter.js';
import { eventsDoor } from '../http/events-door.js';
import { lineageDoor } from '../http/lineage-door.js';
import { tlogDoor } from '../http/tlog-door.js';
import type { DoorAccess } from '../http/token.js';
import { webhookDoor } from '../http/webhook-door.js';
import type { Metrics } from './metrics.js';

/** The doors that take events. One bound on what is in flight holds for all of them. */
export function mountDoors(
  server: FastifyInstance,
  app: NestFastifyApplication,
  metrics: Metrics,
  clock: Clock,
): void {
  const ingest = app.get(IngestService);
  const sources = app.get<SourceService>(SourceService);
  const admission = new Admission();
  const count = doorCounter(metrics.registry);
  const access = doorAccess(app.get(IdentityService), app.get(PolicyService));
  metrics.gauge(
    'countersign_door_bytes_in_flight',
    'Bytes of events that are being received or recorded.',
    () => admission.bytes,
  );
  void server.register(webhookDoor, {
    ingest,
    sources,
    clock,
    admission,
    count,
  });
  void server.register(eventsDoor, { ingest, access, clock, admission, count });
  void server.register(lineageDoor, { ingest, access, clock, admission, count });
  const database = app.get(Database);
  void server.register(tlogDoor, {
    access,
    ledgerOf: ({ tenantId }) => {
      return (work) => database.read(tenantId, async (tx) => work(await publishedLedger(tx)));
    },
    heads: (work) => database.global(async (db) => work(await publishedHeads(db))),
  });
}

const OBJECTS = {
  'lineage.write': 'lineage',
  'events.write': 'events',
  'ledger.read': 'ledger',
} as const;

function doorAccess(identity: IdentityService, policy: PolicyService): DoorAccess {
  return {
    authenticate: (token) => identity.authenticate(token),
    authorize: (principal, action) => policy.authorize(principal, action, OBJECTS[action]),
  };
}
