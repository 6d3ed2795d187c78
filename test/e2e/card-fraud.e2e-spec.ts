import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type { GraphqlClient } from '../support/graphql-client.js';
import { RecordedSession, type DoorAnswer, type Doors } from '../support/recorded-session.js';
import { startTestService, type TestService } from '../support/service.js';

interface ReplayServer {
  readonly url: string;
  advance(): void;
  stop(): Promise<void>;
}

interface Request {
  readonly __typename: string;
  readonly id: string;
  readonly state: string;
  readonly rowVersion: number;
  readonly code?: string;
  readonly requirements?: readonly { name: string; met: boolean; detail: string }[];
}

const RESULT = `__typename
  ... on PromotionRequest { id state rowVersion requirements { name met detail } }
  ... on Refusal { code message hint }
  ... on PolicyDenied { decision { allowed remedy } }
  ... on PromotionRefused { current { id state rowVersion } }`;

const TARGET = 'alias:champion';

/** Waits for background work; fails after twenty seconds. */
async function until(done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await done()) return;
    await sleep(100);
  }
  throw new Error('waited in vain');
}

/** The story of the demo, told to the API as clients tell it. */
describe('the card-fraud session through doors and API', () => {
  let service: TestService;
  let replay: ReplayServer;
  let session: RecordedSession;
  let doors: Doors;
  const people = new Map<string, GraphqlClient>();
  const person = async (name: string): Promise<GraphqlClient> => {
    const known = people.get(name) ?? (await service.as(name));
    people.set(name, known);
    return known;
  };
  const settled = async (): Promise<void> => {
    // The runner reads back and observes on its own; two rounds cover what the first one appended.
    for (let round = 0; round < 2; round += 1) await service.catchUp('acme');
  };

  beforeAll(async () => {
    service = await startTestService();
    session = new RecordedSession('card-fraud-session');
    const { startReplayServer } = (await import(
      pathToFileURL(join(process.cwd(), 'tools', 'replay-server.mjs')).href
    )) as { startReplayServer: (options: { fixtures: string }) => Promise<ReplayServer> };
    replay = await startReplayServer({ fixtures: session.folder });
  }, 60_000);
  afterAll(async () => {
    await replay.stop();
    await service.stop();
  });

  it('makes a source whose secret is shown once', async () => {
    const tara = await person('tara@acme');
    const { createSource } = await tara.must<{
      createSource: { secret: string; source: { id: string; webhookUrl: string } };
    }>(
      `mutation ($input: CreateSourceInput!) { createSource(input: $input) { secret source { id webhookUrl } } }`,
      { input: { kind: 'MLFLOW', name: 'demo', baseUrl: replay.url } },
    );
    expect(createSource.secret.length).toBeGreaterThan(20);
    expect(createSource.source.webhookUrl).toBe(
      `${service.url}/webhooks/${createSource.source.id}`,
    );
    const list = await tara.ask('{ sources { id name health webhookUrl } }');
    expect(list.text).not.toContain(createSource.secret);
    doors = {
      webhookUrl: createSource.source.webhookUrl,
      secret: createSource.secret,
      lineageUrl: `${service.url}/api/v1/lineage`,
      lineageToken: await service.token('spark@acme'),
    };
  });

  it('takes every recorded delivery, once', async () => {
    const answers = await session.playUpTo('approved-move', doors);
    expect(answers.filter(({ status }) => status !== 202)).toEqual([]);
    expect(answers.filter(({ body }) => body.quarantined !== undefined)).toEqual([]);
    const again: DoorAnswer[] = await new RecordedSession('card-fraud-session').playUpTo(
      'pipeline-day-1',
      doors,
    );
    expect(again.map(({ body }) => body)).toEqual([
      { sequence: answers[0]?.body.sequence, duplicate: true },
    ]);
    // What is read back later would change the facts that a request pins.
    await until(async () => {
      const ana = await person('ana@acme');
      const { entries } = await ana.must<{ entries: { nodes: object[] } }>(
        `{ entries(filter: { types: ["run.observed"] }) { nodes { sequence } } }`,
      );
      return entries.nodes.length >= 2;
    });
    await settled();
  }, 60_000);

  it('mirrors models, versions and placements with their entries', async () => {
    const ana = await person('ana@acme');
    const { placements, registeredModel } = await ana.must<{
      registeredModel: { versions: { nodes: { version: string; aliases: string[] }[] } };
      placements: { modelVersion: { version: string }; entry: { type: string }; basis: string }[];
    }>(
      `{ registeredModel(name: "card-fraud") { id incarnation aliases { name version } versions(first: 10) { nodes { version runId aliases
           history(first: 5) { nodes { sequence type } } placements { target from { earliest latest } } } } }
         placements(model: "card-fraud", target: "${TARGET}") { modelVersion { version model { name } } basis entry { type sequence } placedBy { id displayName } promotionRequest { id } } }`,
    );
    expect(registeredModel.versions.nodes.map(({ version }) => version)).toEqual(['1', '2']);
    expect(placements).toMatchObject([
      { modelVersion: { version: '1' }, entry: { type: 'model_alias.set' }, basis: 'SIGNED' },
    ]);
  });

  it('refuses a person without the role, and writes the denial down', async () => {
    const eli = await person('eli@acme');
    const { data } = await eli.ask<{ governModel: { __typename: string; code: string } }>(
      `mutation { governModel(input: { model: "card-fraud" }) { __typename ... on Refusal { code } } }`,
    );
    expect(data?.governModel).toEqual({ __typename: 'PolicyDenied', code: 'POLICY_DENIED' });
    expect(
      await eli.code(
        `mutation { createSource(input: { kind: MLFLOW, name: "mine" }) { source { id } } }`,
      ),
    ).toBe('FORBIDDEN');
    const ana = await person('ana@acme');
    const { entries } = await ana.must<{ entries: { nodes: { payload: object }[] } }>(
      `{ entries(filter: { types: ["access.denied", "promotion.refused"] }, first: 10) { nodes { type payload } } }`,
    );
    expect(entries.nodes.length).toBeGreaterThanOrEqual(2);
  });

  let request: Request;
  const command = async (
    who: string,
    name: string,
    input: Record<string, unknown>,
    type = 'PromotionCommandInput',
  ): Promise<Request> => {
    const client = await person(who);
    const data = await client.must<Record<string, Request>>(
      `mutation ($input: ${type}!) { ${name}(input: $input) { ${RESULT} } }`,
      { input },
    );
    return data[name]!;
  };
  const vote = (who: string, rowVersion: number, decision = 'APPROVE'): Promise<Request> =>
    command(
      who,
      'castVote',
      { requestId: request.id, decision, role: 'approver', rowVersion },
      'CastVoteInput',
    );

  it('governs the model and opens a request', async () => {
    const mona = await person('mona@acme');
    await mona.must(`mutation { governModel(input: { model: "card-fraud" }) { __typename } }`);
    await settled();
    const ask = (): Promise<Request> =>
      command(
        'mona@acme',
        'requestPromotion',
        { model: 'card-fraud', version: '2', target: TARGET, reason: 'better on held-out data' },
        'RequestPromotionInput',
      );
    request = await ask();
    expect(request).toMatchObject({ __typename: 'PromotionRequest', state: 'PENDING' });
    expect(request.requirements?.some(({ met }) => !met)).toBe(true);
    expect(await ask()).toMatchObject({ code: 'ALREADY_OPEN' });
    const unknown = { model: 'card-fraud', version: '99', target: TARGET };
    expect(
      await command('mona@acme', 'requestPromotion', unknown, 'RequestPromotionInput'),
    ).toMatchObject({ code: 'UNKNOWN_MODEL_VERSION' });
  });

  it('refuses with its code whoever may not vote, and a stale rowVersion', async () => {
    expect(await vote('mona@acme', request.rowVersion)).toMatchObject({ code: 'SELF_APPROVAL' });
    expect(['POLICY_DENIED', 'NOT_ELIGIBLE']).toContain(
      (await vote('ana@acme', request.rowVersion)).code,
    );
    expect(await vote('abel@acme', request.rowVersion + 7)).toMatchObject({ code: 'CONFLICT' });
  });

  it('says to each person whether they could vote, and why not', async () => {
    const query = `query ($id: ID!) { promotionRequest(id: $id) { eligibility { canVote roles reasons } } }`;
    const abel = await (await person('abel@acme')).must(query, { id: request.id });
    expect(abel).toMatchObject({ promotionRequest: { eligibility: { canVote: true } } });
    const ana = await (await person('ana@acme')).must(query, { id: request.id });
    expect(ana).toMatchObject({ promotionRequest: { eligibility: { canVote: false } } });
    const waiting = await (
      await person('abel@acme')
    ).must<{ promotionRequests: { nodes: { id: string }[] } }>(
      `{ promotionRequests(awaitingMe: true) { nodes { id modelVersion { version } } } }`,
    );
    expect(waiting.promotionRequests.nodes.map(({ id }) => id)).toEqual([request.id]);
  });

  it('approves with two people and gives a permit to whoever may execute', async () => {
    const first = await vote('abel@acme', request.rowVersion);
    expect(first).toMatchObject({ state: 'PENDING' });
    expect(await vote('abel@acme', first.rowVersion)).toMatchObject({ code: 'ALREADY_VOTED' });
    request = await vote('beth@acme', first.rowVersion);
    expect(request).toMatchObject({ state: 'APPROVED' });
    const query = `query ($id: ID!) { promotionRequest(id: $id) { permit { jti token expiresAt } votes { role castBy { displayName } } entries(first: 20) { nodes { type } } } }`;
    const mona = await (
      await person('mona@acme')
    ).must<{
      promotionRequest: { permit: { token: string }; votes: { castBy: { displayName: string } }[] };
    }>(query, { id: request.id });
    expect(mona.promotionRequest.permit.token.split('.')).toHaveLength(3);
    expect(mona.promotionRequest.votes.map(({ castBy }) => castBy.displayName)).toEqual([
      'Abel Approver',
      'Beth Approver',
    ]);
    const ana = await (await person('ana@acme')).ask(query, { id: request.id });
    expect(ana.errors[0]?.extensions.code).toBe('FORBIDDEN');
    expect(ana.text).not.toContain(mona.promotionRequest.permit.token);
  });

  it('executes on the registry and is verified by the event that follows', async () => {
    const executed = await command('mona@acme', 'executePromotion', {
      requestId: request.id,
      rowVersion: request.rowVersion,
    });
    expect(executed).toMatchObject({ __typename: 'PromotionRequest', state: 'EXECUTING' });
    await session.playUpTo('train-c', doors);
    await settled();
    const ana = await person('ana@acme');
    const { placements, promotionRequest } = await ana.must<{
      promotionRequest: { state: string };
      placements: { promotionRequest: { id: string } | null }[];
    }>(
      `query ($id: ID!) { promotionRequest(id: $id) { state }
         placements(model: "card-fraud", target: "${TARGET}") { modelVersion { version } promotionRequest { id } } }`,
      { id: request.id },
    );
    expect(promotionRequest.state).toBe('VERIFIED');
    expect(placements).toMatchObject([
      { modelVersion: { version: '2' }, promotionRequest: { id: request.id } },
    ]);
    expect(
      await command('mona@acme', 'withdrawPromotion', {
        requestId: request.id,
        rowVersion: executed.rowVersion,
      }),
    ).toMatchObject({ __typename: 'PromotionRefused' });
  }, 60_000);

  it('finds the move that nobody approved as drift, and sees it put right', async () => {
    replay.advance();
    await session.playUpTo('ungoverned-move', doors);
    // The recorded reads are those of the session's end: what is read later than the move would contradict it.
    await until(async () => {
      const ana = await person('ana@acme');
      const { entries } = await ana.must<{ entries: { nodes: object[] } }>(
        `{ entries(filter: { types: ["model_version.observed"], subject: "model/card-fraud/version/3" }) { nodes { sequence } } }`,
      );
      return entries.nodes.length > 0;
    });
    await session.playUpTo('rollback', doors);
    await settled();
    const drifts = async (open = false): Promise<{ target: string }[]> => {
      const ana = await person('ana@acme');
      const { drifts: page } = await ana.must<{ drifts: { nodes: { target: string }[] } }>(
        `query ($open: Boolean) { drifts(open: $open) { nodes { target observedVersions approvedVersions actor { id } } } }`,
        { open },
      );
      return page.nodes;
    };
    const found = await drifts();
    // The challenger moved as well; the policy leaves it free.
    expect(new Set(found.map(({ target }) => target))).toEqual(new Set([TARGET]));
    expect(found).toContainEqual({
      target: TARGET,
      observedVersions: ['3'],
      approvedVersions: ['2'],
      actor: { id: 'unknown' },
    });
    await session.playUpTo(null, doors);
    await settled();
    expect(await drifts(true)).toEqual([]);
  }, 60_000);

  it('traces the training data of a version, and finds that version 3 saw its test', async () => {
    const ana = await person('ana@acme');
    const read = `{ modelVersion(model: "card-fraud", version: "3") {
        lineage(direction: UPSTREAM, budget: 500) { root nodes { id kind name version } edges { from to kind role binding } truncated knownAtSequence }
        leaks { evaluation { name } training { name } certainty } } }`;
    const { modelVersion } = await ana.must<{
      modelVersion: {
        lineage: { nodes: { name: string; kind: string }[]; truncated: boolean };
        leaks: { certainty: string }[];
      };
    }>(read);
    const names = modelVersion.lineage.nodes.map(({ name }) => name).join(' ');
    expect(names).toContain('cc_train_all');
    expect(names).toContain('cc_holdout');
    expect(modelVersion.lineage.truncated).toBe(false);
    expect(modelVersion.leaks.length).toBeGreaterThan(0);
  });

  it('leaves a ledger whose bytes, links and checkpoint hold together', async () => {
    const ana = await person('ana@acme');
    const { createHash } = await import('node:crypto');
    const sha = (...parts: Uint8Array[]): string =>
      parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');
    let after: string | null = null;
    let previous = '0'.repeat(64);
    let count = 0;
    do {
      const page: {
        entries: {
          nodes: {
            sequence: string;
            canonical: string;
            leafHash: string;
            previousHash: string;
            payloadCanonical: string;
            payloadDigest: string;
            evidenceDigest: string | null;
            evidence: { salt: string; bytes: string } | null;
          }[];
          pageInfo: { hasNextPage: boolean; endCursor: string };
        };
      } = await ana.must(
        `query ($after: String) { entries(first: 100, after: $after) { nodes { sequence canonical leafHash previousHash payloadCanonical payloadDigest evidenceDigest evidence { salt bytes } } pageInfo { hasNextPage endCursor } } }`,
        { after },
      );
      for (const entry of page.entries.nodes) {
        const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64');
        expect(Number(entry.sequence)).toBe(count);
        expect(sha(Uint8Array.of(0), bytes(entry.canonical))).toBe(entry.leafHash);
        expect(entry.previousHash).toBe(previous);
        expect(sha(bytes(entry.payloadCanonical))).toBe(entry.payloadDigest);
        if (entry.evidence !== null) {
          expect(sha(bytes(entry.evidence.salt), bytes(entry.evidence.bytes))).toBe(
            entry.evidenceDigest,
          );
        }
        previous = entry.leafHash;
        count += 1;
      }
      after = page.entries.pageInfo.hasNextPage ? page.entries.pageInfo.endCursor : null;
    } while (after !== null);
    expect(count).toBeGreaterThan(150);
  }, 60_000);
});
