import { KafkaIntake } from '../../apps/service/src/workers/kafka/index.js';
import { CutConnections, type Cut } from './support/cut-connections.js';
import { tagEvents } from './support/events.js';
import { kafka, required } from './support/rigs.js';
import { Topics } from './support/topics.js';
import { until } from './support/until.js';

const TOPIC = 'interop.cut';
const EVENTS = 5;
/** The least that a broker allows: a member whose request to join was cut off holds its group up for so long. */
const SESSION_MS = 6_000;
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A broker may go away at any moment, the start of a consumer included. */
(kafka === undefined ? describe.skip : describe)('a broker that goes away in the middle', () => {
  const bootstrap = (): string => required(kafka).bootstrap;
  let topics: Topics;

  beforeAll(async () => {
    topics = await Topics.connect();
    await topics.create(TOPIC, 1);
    await topics.send(TOPIC, tagEvents(0, EVENTS));
  });
  afterAll(() => topics.disconnect());

  interface Reader {
    readonly intake: KafkaIntake;
    readonly connections: CutConnections;
    /** Offsets, as they were handed over. */
    readonly read: bigint[];
    readonly fatal: unknown[];
  }

  /** An intake, not started, whose request `nth` will be cut off. */
  function reader(nth: number): Reader {
    const read: bigint[] = [];
    const fatal: unknown[] = [];
    const how: Cut = nth % 2 === 0 ? 'reset' : 'closed';
    const connections = new CutConnections(Number(bootstrap().split(':').at(-1)), nth, how);
    const intake = new KafkaIntake({
      connection: { brokers: [bootstrap()], ssl: false, sasl: null },
      bindings: [{ topic: TOPIC, tenantId: 'acme', sourceId: 'cut' }],
      groupId: `cut-${nth}`,
      sessionTimeoutMs: SESSION_MS,
      handler: {
        storedOffsets: async () => new Map([[0, BigInt(read.length)]]),
        handle: async (_binding, batch) => {
          for (const { offset } of batch.records) {
            if (offset === BigInt(read.length)) read.push(offset);
          }
          return { recorded: [], nextOffset: BigInt(read.length) };
        },
      },
      log: quiet,
      onFatal: (error) => fatal.push(error),
    });
    return { intake, connections, read, fatal };
  }

  it('is waited for, whichever request it cuts off', async () => {
    let nth = 1;
    for (; ; nth++) {
      const { connections, fatal, intake, read } = reader(nth);
      await intake.start();
      await until(
        `the events although request ${nth} was cut off`,
        () => ({ read: read.length, fatal: fatal.map(String) }),
        (seen) => seen.read === EVENTS || seen.fatal.length > 0,
      );
      await intake.stop();
      connections.restore();
      expect(fatal).toEqual([]);
      if (!connections.cut) break;
    }
    // Versions, topics and offsets, then the group and the first fetch: fewer would mean that not everything was cut off.
    expect(nth).toBeGreaterThan(14);
  });
});
