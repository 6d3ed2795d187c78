#!/usr/bin/env node
// Writes test/fixtures/chains and test/fixtures/bundles: a small golden ledger, as lines and as a bundle, and a tampered
// twin per kind of damage. Keys, salts, ids and times are fixed, so a second run changes nothing; golden-chains.spec.ts
// and golden-bundles.spec.ts check exactly that.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
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

const { formatTwins, goldenBundles } = await import('../test/support/chain-golden-bundles.ts');
const bundles = fileURLToPath(new URL('../test/fixtures/bundles/', import.meta.url));
const { golden, policy, twins } = goldenBundles();
for (const [path, bytes] of golden) {
  mkdirSync(dirname(`${bundles}golden/${path}`), { recursive: true });
  writeFileSync(`${bundles}golden/${path}`, bytes);
}
writeFileSync(`${bundles}policy`, policy);
writeFileSync(`${bundles}twins.json`, formatTwins(twins));
console.log(`1 bundle and ${twins.length} twins written to test/fixtures/bundles`);
