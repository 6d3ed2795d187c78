/** What `export` was asked for, as it stands on the command line. */
export interface ExportOptions {
  readonly tenant?: string;
  readonly heads?: true;
  readonly out: string;
  readonly from?: bigint;
  readonly to?: bigint;
  readonly since?: string;
  readonly filter: readonly string[];
  readonly payloads: boolean;
  readonly evidence?: true;
  readonly disclose?: readonly string[];
  readonly withhold?: true;
  readonly policy?: string;
  readonly wait: number;
  readonly unrecorded?: true;
}

/** What `prove` was asked for. */
export interface ProveOptions {
  readonly tenant: string;
  readonly out?: string;
}
