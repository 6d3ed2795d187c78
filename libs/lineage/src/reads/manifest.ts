import { sha256Hex } from '@countersign/chain';
import type { LineageEdgeRecord, LineageNodeRecord } from './records.js';

/**
 * The sorted lines of an ancestry: one per node, one per edge, by URN. Ids and sequences stay out: they say when
 * something was learned, and what was learned is what an approval rests on.
 */
export function manifestLines(
  nodes: readonly LineageNodeRecord[],
  edges: readonly LineageEdgeRecord[],
): string[] {
  const urns = new Map(nodes.map((node) => [node.id, node.urn]));
  const lines = [
    ...nodes.map((node) => ['node', node.kind, node.urn].join('\t')),
    ...edges.map((edge) =>
      [
        'edge',
        urns.get(edge.from) ?? edge.from,
        urns.get(edge.to) ?? edge.to,
        edge.kind,
        edge.role ?? '-',
        edge.binding,
      ].join('\t'),
    ),
  ];
  return lines.sort();
}

/** `sha256:` and the hex digest of the lines joined with line feeds. */
export function manifestDigest(lines: readonly string[]): string {
  return `sha256:${sha256Hex(lines.join('\n'))}`;
}
