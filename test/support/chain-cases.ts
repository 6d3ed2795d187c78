import type { ChainCase } from './chain-case.js';
import { EDITED_CHAINS } from './edited-chains.js';
import { FORGED_CHAINS } from './forged-chains.js';
import { buildChain, logSigner, ORIGIN } from './golden-chain.js';

/** Every chain file of test/fixtures/chains: the good ones first. */
export const CHAIN_CASES: readonly ChainCase[] = [
  { name: 'golden', story: 'Untouched.', code: null, sequence: null, make: () => buildChain() },
  {
    name: 'golden-beyond-checkpoint',
    story: 'The newest checkpoint covers five of seven entries.',
    code: null,
    sequence: null,
    make: () => buildChain(undefined, 5),
  },
  {
    name: 'golden-withheld',
    story: 'Payloads, disclosures and evidence of some entries are withheld.',
    code: null,
    sequence: null,
    make: () => {
      const chain = buildChain();
      for (const line of chain.entries.slice(1, 3)) {
        Object.assign(line, { payloadCanonical: null, disclosures: [], evidence: null });
      }
      return chain;
    },
  },
  ...EDITED_CHAINS,
  ...FORGED_CHAINS,
];

/** What the folder's manifest says: the key to trust, and the verdict for each file. */
export function chainManifest(): object {
  return {
    origin: ORIGIN,
    vkey: logSigner.verifier.vkey,
    files: CHAIN_CASES.map(({ name, story, code, sequence }) => ({
      file: `${name}.jsonl`,
      story,
      code,
      sequence,
    })),
  };
}
