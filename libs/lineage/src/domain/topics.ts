import { sha256Hex } from '@countersign/chain';

/** Comes up when a version of the dataset becomes known. */
export function versionTopic(dataset: string): string {
  return `version-of:${sha256Hex(dataset)}`;
}

/** Comes up when another node gets that alias. */
export function aliasTopic(alias: string): string {
  return `alias:${sha256Hex(alias)}`;
}

/** Comes up when that node becomes known. */
export function nodeTopic(nodeUrn: string): string {
  return `node:${sha256Hex(nodeUrn)}`;
}

/** The alias under which a table name of a tracking server finds a dataset. */
export function tableAlias(table: string): string {
  return `table:${table}`;
}

/** The alias under which a logged model (`m-…`) finds the run that logged it. */
export function loggedModelAlias(source: string, modelId: string): string {
  return `logged-model:${source}:${modelId}`;
}
