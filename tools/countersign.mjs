#!/usr/bin/env node
// `npx countersign …` from a checkout: builds the command line once, then hands over to it.
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureBuilt } from './build.mjs';

try {
  ensureBuilt({ onProgress: (step) => console.error(`${step} …`) });
} catch (error) {
  console.error(error.message);
  process.exit(3);
}
const root = dirname(dirname(fileURLToPath(import.meta.url)));
await import(pathToFileURL(join(root, 'dist', 'apps', 'cli', 'main.js')).href);
