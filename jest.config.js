// Run through tools/jest.mjs, which sets --experimental-vm-modules: the suite is ES modules, as NestJS 12 is.

import { availableParallelism } from 'node:os';

const swc = (moduleType) => [
  '@swc/jest',
  {
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
    module: { type: moduleType },
    sourceMaps: 'inline',
  },
];

// ES modules that CommonJS packages load with require(): Node 20.19 and later does that by itself, Jest only on
// Node 24.9 and later, so these are turned to CommonJS.
const requiredEsm = ['content-disposition', 'cookie'];
const names = requiredEsm.join('|');

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/test'],
  testRegex: '\\.(spec|e2e-spec)\\.ts$',
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/interop/', '<rootDir>/test/bench/'],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  testTimeout: 60_000,
  // A spec waits for PostgreSQL half of its time, so two pay even on one core; each has a database of its own, with a
  // pool of connections that one server has to hold.
  maxWorkers: Math.min(Math.max(availableParallelism(), 2), 8),
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^@countersign/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1', // relative imports end in .js, the files in .ts
  },
  transform: {
    '^.+\\.ts$': swc('es6'),
    [`/node_modules/(${names})/.+\\.js$`]: swc('commonjs'),
  },
  // The first look-ahead makes the last node_modules segment decide, so nested copies are covered too.
  transformIgnorePatterns: [`/node_modules/(?!.*/node_modules/)(?!(?:${names})/)`],
};
