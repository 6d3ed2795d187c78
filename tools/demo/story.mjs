// The main job, shown on a recorded session: a pipeline, two training runs, a promotion that is refused and then
// approved, a move that nobody approved, and the way back.
import { writeFileSync } from 'node:fs';
import { startReplayServer } from '../replay-server.mjs';
import { person, until } from './api.mjs';
import { createPlayer, openRecording } from './recording.mjs';
import { createTokens } from './tokens.mjs';

const MODEL = 'card-fraud';
const TARGET = 'alias:champion';

const REQUEST = `__typename
  ... on PromotionRequest { id state rowVersion requirements { name met detail } votes { id role } }
  ... on PolicyDenied { code message hint }
  ... on PromotionRefused { code message hint }`;

/**
 * Plays the whole story through the public doors of the service at `url`. Writes what the summary needs to
 * `demoFile` at the end, so that a second start knows that it was played.
 */
export async function runDemo({ url, fixtures, demoFile, step, say, onStop }) {
  const tokenOf = createTokens(url);
  const as = (name) => person(url, name, tokenOf);
  const [tara, mona, abel, beth, ana] = ['tara', 'mona', 'abel', 'beth', 'ana'].map((name) =>
    as(`${name}@acme`),
  );
  const recording = openRecording(fixtures);
  let moveDone;
  const replay = await startReplayServer({ fixtures, port: 0, onOperation: () => moveDone?.() });
  onStop(() => replay.stop());

  say('\nThe story of a model: card-fraud');
  const { createSource } = await tara.ask(
    `mutation ($input: CreateSourceInput!) { createSource(input: $input) { secret source { id name webhookUrl } } }`,
    { input: { kind: 'MLFLOW', name: 'demo', baseUrl: replay.url } },
  );
  const { source, secret } = createSource;
  step(
    `source ${source.name} created by tara@acme (MLflow, its REST reads answered from the recording)`,
  );

  const player = createPlayer({
    webhookUrl: source.webhookUrl ?? `${url}/webhooks/${source.id}`,
    secret,
    lineageUrl: `${url}/api/v1/lineage`,
    lineageToken: () => tokenOf('spark@acme'),
  });
  await playPhase(
    'approved-move',
    'pipeline, training runs A and B, registrations, champion set to version 1',
  );
  await until(
    () => runIdsOf(ana),
    (ids) => ids.length >= 2,
    'the runs of versions 1 and 2 to be read back',
  );
  step(
    'runs of versions 1 and 2 read back from the registry, with parameters, metrics and dataset inputs',
  );

  await governed(mona);
  step(
    'card-fraud put under the built-in policy: two distinct approvers, not the requester, not the registrant',
  );

  const request = await requested(mona);
  step(`mona@acme asks for ${TARGET} for version 2: ${request.state}, ${pending(request)}`);
  const self = await vote(mona, request);
  step(`mona@acme votes on her own request: refused with ${self.code}`);
  const first = await vote(abel, request);
  step(`abel@acme approves: ${first.state}, ${pending(first)}`);
  const second = await vote(beth, first);
  step(`beth@acme approves: ${second.state}`);
  const permit = await permitOf(mona, request.id);
  if (permit) step(`permit issued: ${permit.jti}, one use, until ${permit.expiresAt}`);

  // The registry's own event of the approved move arrives once the registry was told to make it.
  const moved = new Promise((resolve) => (moveDone = resolve));
  const executed = await mona.ask(
    `mutation ($input: PromotionCommandInput!) { executePromotion(input: $input) { ${REQUEST} } }`,
    { input: { requestId: request.id, rowVersion: second.rowVersion } },
  );
  if (executed.executePromotion.__typename !== 'PromotionRequest') {
    throw new Error(`execution refused: ${executed.executePromotion.message}`);
  }
  await moved;
  step('the change was made on the registry through its REST interface');
  await playPhase('train-c', 'the registry reports the alias move');
  const verified = await until(
    () => stateOf(mona, request.id),
    (state) => state === 'VERIFIED',
    'the request to be verified',
  );
  step(`request ${request.id}: ${verified}`);

  replay.advance();
  await playPhase('ungoverned-move', 'run C trains on all labels and registers version 3');
  // The recorded reads are those of the session's end: read later than the move, they would contradict it.
  await until(
    () => entriesOf(ana, 'model_version.observed', `model/${MODEL}/version/3`),
    (found) => found.length > 0,
    'version 3 to be read back',
  );
  await playPhase('rollback', 'somebody moves champion to version 3 in the registry');
  await until(
    () => entriesOf(ana, 'drift.detected'),
    (found) => found.length > 0,
    'the drift to be found',
  );
  step(
    'found as drift: champion was moved to version 3 without a permit; the source names no actor',
  );
  await playPhase('housekeeping', 'champion goes back to version 2');
  await until(
    () => entriesOf(ana, 'drift.resolved'),
    (found) => found.length > 0,
    'the drift to be resolved',
  );
  step('back on the approved version: drift resolved');
  await playPhase('end', 'housekeeping');
  await drain();

  await settled(ana);
  writeFileSync(
    demoFile,
    JSON.stringify(
      {
        model: MODEL,
        target: TARGET,
        source: source.name,
        requestId: request.id,
        counts: player.counts,
      },
      null,
      2,
    ),
    { mode: 0o600 },
  );

  async function playPhase(marker, what) {
    const before = { ...player.counts };
    for (const entry of recording.upTo(marker)) await player.play(entry);
    const webhooks = player.counts.mlflow - before.mlflow;
    const lineage = player.counts.openlineage - before.openlineage;
    step(`${what} (${webhooks} webhooks, ${lineage} OpenLineage events)`);
  }

  async function drain() {
    for (const entry of recording.upTo('end')) await player.play(entry);
  }
}

async function runIdsOf(reader) {
  const { registeredModel } = await reader.ask(
    `query { registeredModel(name: "${MODEL}") { versions(first: 10) { nodes { version runId } } } }`,
  );
  return (registeredModel?.versions.nodes ?? []).filter((version) => version.runId);
}

async function governed(owner) {
  const { governModel } = await owner.ask(
    `mutation { governModel(input: { model: "${MODEL}" }) { __typename ... on Refusal { code message } } }`,
  );
  if (governModel.code) throw new Error(`governModel refused: ${governModel.message}`);
}

async function requested(requester) {
  const { requestPromotion } = await requester.ask(
    `mutation ($input: RequestPromotionInput!) { requestPromotion(input: $input) { ${REQUEST} } }`,
    {
      input: {
        model: MODEL,
        version: '2',
        target: TARGET,
        reason: 'Better recall on the held-out month.',
      },
    },
  );
  if (requestPromotion.__typename !== 'PromotionRequest') {
    throw new Error(
      `the request was refused: ${requestPromotion.code} ${requestPromotion.message}`,
    );
  }
  return requestPromotion;
}

async function vote(voter, request) {
  const { castVote } = await voter.ask(
    `mutation ($input: CastVoteInput!) { castVote(input: $input) { ${REQUEST} } }`,
    {
      input: {
        requestId: request.id,
        decision: 'APPROVE',
        role: 'approver',
        rowVersion: request.rowVersion,
      },
    },
  );
  return castVote;
}

const pending = (request) =>
  request.requirements
    .filter((one) => !one.met)
    .map((one) => one.detail)
    .join(', ') || 'nothing missing';

async function permitOf(owner, id) {
  const { promotionRequest } = await owner.ask(
    `query ($id: ID!) { promotionRequest(id: $id) { permit { jti expiresAt } } }`,
    { id },
  );
  return promotionRequest.permit;
}

async function stateOf(reader, id) {
  const { promotionRequest } = await reader.ask(
    `query ($id: ID!) { promotionRequest(id: $id) { state } }`,
    { id },
  );
  return promotionRequest.state;
}

async function entriesOf(reader, type, subject) {
  const { entries } = await reader.ask(
    `query ($filter: EntryFilter) { entries(filter: $filter, first: 10) { nodes { sequence } } }`,
    { filter: { types: [type], ...(subject ? { subject } : {}) } },
  );
  return entries.nodes;
}

/** Waits until version 3's training data is in the graph, so that the summary's query answers at once. */
async function settled(reader) {
  await until(
    async () => {
      const { modelVersion } = await reader.ask(
        `query { modelVersion(model: "${MODEL}", version: "3") { lineage(direction: UPSTREAM) { nodes { id } } } }`,
      );
      return modelVersion?.lineage.nodes.length ?? 0;
    },
    (nodes) => nodes > 5,
    'the lineage of version 3',
  );
}
