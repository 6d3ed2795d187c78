// What a newcomer sees at the end: what happened, where to look, how to check.
import { existsSync, readFileSync } from 'node:fs';
import { person } from './api.mjs';
import { createTokens } from './tokens.mjs';

const PEOPLE = [
  ['ana@acme', 'auditor'],
  ['carl@acme', 'compliance officer'],
  ['abel@acme, beth@acme', 'approvers'],
  ['mona@acme', 'model owner'],
  ['eli@acme', 'ML engineer'],
  ['tara@acme', 'tenant admin'],
  ['greg@globex, gail@globex, gus@globex', 'another tenant: sees nothing of acme'],
  ['omar', 'operator of the installation'],
];

/** Prints the summary. Without `demoFile` (an empty start) it says how to begin instead of what happened. */
export async function printSummary({ url, dataDir, demoFile, trust, say }) {
  say('');
  if (demoFile !== undefined && existsSync(demoFile))
    await printStory({ url, demoFile, trust, say });
  else
    say(
      'No demo data. Create a source:  npx countersign source add mlflow-prod --kind mlflow --as tara@acme',
    );
  say('\nWhere to look');
  say(`  GraphQL    ${url}/graphql        GraphiQL  ${url}/graphiql`);
  say(`  webhooks   ${url}/webhooks/{sourceId}        OpenLineage  ${url}/api/v1/lineage`);
  say(
    `  health     ${url}/healthz  ${url}/readyz  ${url}/metrics        permit keys  ${url}/.well-known/jwks.json`,
  );
  say(`  state      ${dataDir}  (log: service.log)`);
  say('\nPeople (no passwords; a token:  npx countersign token --as ana@acme)');
  for (const [name, role] of PEOPLE) say(`  ${name.padEnd(38)} ${role}`);
  say('\nCheck the ledger from the database:  npx countersign verify --live --tenant acme');
}

async function printStory({ url, demoFile, trust, say }) {
  const { model, target, requestId } = JSON.parse(readFileSync(demoFile, 'utf8'));
  const ana = person(url, 'ana@acme', createTokens(url));
  const { placements, checkpoint, entries } = await ana.ask(
    `query ($model: String!, $target: Target!) {
      placements(model: $model, target: $target) {
        modelVersion { version runId lineage(direction: UPSTREAM) { nodes { kind namespace name version } edges { role } truncated } }
        placedBy { id } basis from { earliest }
      }
      checkpoint { origin size rootHash note }
      entries(filter: { types: ["drift.*"] }, first: 5) { nodes { sequence type recordedAt } }
    }`,
    { model, target },
  );
  const [live] = placements;
  say('Summary');
  if (live) {
    const { version, runId, lineage } = live.modelVersion;
    const data = lineage.nodes.filter(
      (node) => node.kind === 'DATASET_VERSION' || node.kind === 'DATASET',
    );
    say(`  ${target} of ${model} is version ${version}, since ${live.from.earliest}, run ${runId}`);
    say(`  its data (training and evaluation, upstream to the files):`);
    for (const node of data) say(`    ${node.name}${node.version ? ` @ ${node.version}` : ''}`);
  }
  for (const drift of entries.nodes)
    say(`  ${drift.type} at sequence ${drift.sequence}, ${drift.recordedAt}`);
  say(`  promotion request ${requestId}`);
  if (checkpoint) {
    say(`\nCheckpoint of tenant acme (a C2SP signed note)`);
    for (const line of checkpoint.note.trimEnd().split('\n')) say(`  ${line}`);
    say(
      `  the key that verifies it (all that there is to pin: npx countersign trust --tenant acme):`,
    );
    say(`  ${trust()}`);
  }
  say('\nA query to paste into GraphiQL (header  Authorization: Bearer <token>):');
  say(
    `  { placements(model: "${model}", target: "${target}") { modelVersion { version runId } from { earliest } basis promotionRequest { id votes { role castBy { displayName } } } } checkpoint { size rootHash } }`,
  );
}
