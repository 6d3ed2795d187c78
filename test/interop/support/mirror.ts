import { asRecord, type ModelState } from './mlflow-server.js';
import type { Answer, Person } from './person.js';

const MODELS = `query ($after: String) { registeredModels(first: 50, after: $after) {
  pageInfo { hasNextPage endCursor }
  nodes { name source incarnation deletedAt aliases { name version }
    versions(first: 50) { nodes { version sourceUri runId deletedAt tags { key value } } } } } }`;

/** What our mirror of one source knows: the newest incarnation of each model, by name. */
export async function mirrorState(
  reader: Person,
  source: string,
): Promise<Record<string, ModelState>> {
  const state: Record<string, ModelState> = {};
  const incarnations: Record<string, number> = {};
  for (const model of await allModels(reader)) {
    if (model.source !== source || model.deletedAt !== null) continue;
    if ((incarnations[model.name] ?? -1) > model.incarnation) continue;
    incarnations[model.name] = model.incarnation;
    const versions = model.versions.nodes.filter((version: Answer) => version.deletedAt === null);
    state[model.name] = {
      aliases: Object.fromEntries(model.aliases.map((one: Answer) => [one.name, one.version])),
      versions: Object.fromEntries(
        versions.map(({ version, sourceUri, runId, tags }: Answer) => [
          version,
          { sourceUri, runId, tags: asRecord(tags) },
        ]),
      ),
    };
  }
  return state;
}

async function allModels(reader: Person): Promise<Answer[]> {
  const models: Answer[] = [];
  for (let after: string | null = null; ;) {
    const { registeredModels }: Answer = await reader.ask(MODELS, { after });
    models.push(...registeredModels.nodes);
    if (!registeredModels.pageInfo.hasNextPage) return models;
    after = registeredModels.pageInfo.endCursor;
  }
}
