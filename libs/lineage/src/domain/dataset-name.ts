import type { Json } from '@countersign/chain';
import { listAt, textAt, valueAt } from './json-reading.js';
import type { DatasetName } from './node-ref.js';

/**
 * Which part of a table a read asked for, as the table symlink says: all of it, one snapshot
 * (`.snapshot_id_<id>`), or a selection that no version facet can be believed for (a branch, a tag, a time).
 */
export type Selector =
  | { readonly kind: 'none' }
  | { readonly kind: 'snapshot'; readonly version: string }
  | { readonly kind: 'other' };

const NO_SELECTOR: Selector = { kind: 'none' };

/** Iceberg's metadata tables: reading them looks like reading the table itself. */
const METADATA_TABLES = new Set([
  'all_data_files',
  'all_delete_files',
  'all_entries',
  'all_files',
  'all_manifests',
  'data_files',
  'delete_files',
  'entries',
  'files',
  'history',
  'manifests',
  'metadata_log_entries',
  'partitions',
  'position_deletes',
  'refs',
  'snapshots',
]);

const SCHEMES: Readonly<Record<string, string>> = { s3a: 's3', s3n: 's3', abfs: 'abfss' };

/** One spelling per store: `s3a://Bucket` and `s3://bucket`, with and without a trailing slash. */
export function normalDatasetName(namespace: string, name: string): DatasetName {
  const trimmed = namespace.replace(/\/+$/, '');
  const match = /^([a-zA-Z][a-zA-Z0-9+.-]*):(?:\/\/(.*))?$/.exec(trimmed);
  let normal = trimmed;
  if (match !== null) {
    const [, rawScheme = '', authority = ''] = match;
    const scheme = rawScheme.toLowerCase();
    const known = SCHEMES[scheme] ?? scheme;
    normal = authority === '' ? known : `${known}://${authority.toLowerCase()}`;
  }
  return { namespace: normal, name: name.length > 1 ? name.replace(/\/+$/, '') : name };
}

export interface TableNames {
  readonly selector: Selector;
  /** True when the read was of the table's metadata, never of its rows. */
  readonly metadata: boolean;
  /** Lower-case table names, most qualified first: `lake.bank.trx`, `bank.trx`. */
  readonly tables: readonly string[];
}

/** What the symlinks facet (names of type TABLE) and the catalog facet of a dataset say. */
export function tableNames(facets: Json | undefined, dataset: DatasetName): TableNames {
  const catalog = textAt(facets, 'catalog', 'name');
  let selector = NO_SELECTOR;
  let metadata = false;
  const tables = new Set<string>();
  for (const identifier of listAt(facets, 'symlinks', 'identifiers')) {
    const name = textAt(identifier, 'name');
    const type = textAt(identifier, 'type');
    if (name === null || (type !== null && type !== 'TABLE')) continue;
    if (isMetadataTable(name, dataset.name)) {
      metadata = true;
      continue;
    }
    const [table, found] = withoutSelector(name);
    if (found.kind !== 'none') selector = found;
    if (catalog !== null) tables.add(`${catalog}.${table}`.toLowerCase());
    tables.add(table.toLowerCase());
  }
  // Stores that are named by table and not by path (warehouses, databases) are their own table name.
  if (!dataset.name.includes('/')) tables.add(dataset.name.toLowerCase());
  return { selector, metadata, tables: [...tables] };
}

/** `bank.trx.snapshots` on the path `…/bank/trx`; not a table that is itself called `snapshots`. */
export function isMetadataTable(symlink: string, path: string): boolean {
  const parts = symlink.split('.');
  const suffix = parts.at(-1) ?? '';
  const before = parts.at(-2) ?? '';
  if (!METADATA_TABLES.has(suffix)) return false;
  const folder = path.slice(path.lastIndexOf('/') + 1);
  if (before === folder) return true;
  return parts.length >= 3 && folder !== suffix;
}

function withoutSelector(name: string): [string, Selector] {
  const snapshot = /^(.+)\.snapshot_id_(\d+)$/.exec(name);
  if (snapshot?.[1] !== undefined && snapshot[2] !== undefined) {
    return [snapshot[1], { kind: 'snapshot', version: snapshot[2] }];
  }
  const other = /^(.+)\.(?:at_timestamp_\d+|branch_[^.]+|tag_[^.]+)$/.exec(name);
  return other?.[1] === undefined ? [name, NO_SELECTOR] : [other[1], { kind: 'other' }];
}

/** The dataset that a path or URI of a tracking server means: OpenLineage's naming of the same place. */
export function datasetOfLocation(location: string): DatasetName | null {
  const uri = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\/([^/]*)(\/.*)?$/.exec(location);
  if (uri !== null) {
    const [, scheme = '', authority = '', path = ''] = uri;
    if (scheme.toLowerCase() === 'file') return normalDatasetName('file', path);
    const key = /^(s3[an]?|gs)$/i.test(scheme) ? path.replace(/^\//, '') : path;
    return normalDatasetName(`${scheme}://${authority}`, key);
  }
  if (location.startsWith('file:/'))
    return normalDatasetName('file', location.slice('file:'.length));
  return location.startsWith('/') ? normalDatasetName('file', location) : null;
}

/** The storage layer (`iceberg`, `delta`) in lower case, or null. */
export function storageLayer(facets: Json | undefined): string | null {
  const layer = valueAt(facets, 'storage', 'storageLayer');
  return typeof layer === 'string' ? layer.toLowerCase() : null;
}
