#!/usr/bin/env node
// Writes test/fixtures/chains: a small golden ledger and a tampered twin per kind of damage. Keys, salts, ids and
// times are fixed, so a second run changes nothing; golden-chains.spec.ts checks exactly that.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';

register(); // TypeScript and the @countersign/* names of tsconfig.json

const { CHAIN_CASES, chainManifest } = await import('../test/support/chain-cases.ts');
const { serializeChain } = await import('../test/support/golden-chain.ts');

const folder = fileURLToPath(new URL('../test/fixtures/chains/', import.meta.url));
mkdirSync(folder, { recursive: true });
for (const { name, make } of CHAIN_CASES) {
  writeFileSync(`${folder}${name}.jsonl`, serializeChain(make()));
}
writeFileSync(`${folder}manifest.json`, `${JSON.stringify(chainManifest(), null, 2)}\n`);
console.log(`${CHAIN_CASES.length} chains written to test/fixtures/chains`);
