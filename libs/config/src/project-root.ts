import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let found: string | undefined;

/**
 * The folder that holds `policies/` and `prisma/`: looked for above this module, above the running script and
 * above the working directory, so that it is the same from a checkout and from a built bundle.
 */
export function projectRoot(): string {
  found ??= [
    dirname(fileURLToPath(import.meta.url)),
    dirname(process.argv[1] ?? '.'),
    process.cwd(),
  ]
    .map(above)
    .find((folder) => folder !== undefined);
  return found ?? process.cwd();
}

function above(start: string): string | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'policies', 'model.conf'))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}
