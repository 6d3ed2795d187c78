import { datasetNode, datasetUrn, versionNode, type NodeRef } from './node-ref.js';
import type { DatasetMention } from './run-event.js';
import { tableAlias } from './topics.js';
import type { EvidenceRules } from './rules.js';

export interface Alias {
  readonly alias: string;
  readonly urn: string;
}

/** The nodes and aliases that dataset mentions introduce: every version that anyone states is a known version. */
export function mentionedNodes(
  mentions: readonly DatasetMention[],
  rules: EvidenceRules,
): { readonly nodes: readonly NodeRef[]; readonly aliases: readonly Alias[] } {
  const nodes = new Map<string, NodeRef>();
  const aliases = new Map<string, Alias>();
  for (const mention of mentions) {
    const named = [datasetNode(mention.dataset), ...mention.columnSources.map(datasetNode)];
    for (const version of versionsOf(mention)) named.push(versionNode(mention.dataset, version));
    for (const node of named) nodes.set(node.urn, node);
    if (rules.readsNoRows(mention)) continue;
    const urn = datasetUrn(mention.dataset);
    for (const table of mention.tables) {
      aliases.set(`${table} ${urn}`, { alias: tableAlias(table), urn });
    }
  }
  return { nodes: [...nodes.values()], aliases: [...aliases.values()] };
}

function versionsOf(mention: DatasetMention): string[] {
  const pinned = mention.selector.kind === 'snapshot' ? [mention.selector.version] : [];
  return mention.version === null ? pinned : [...pinned, mention.version];
}
