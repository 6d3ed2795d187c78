// The interop suite: real Kafka, real MLflow, the built service. Started by tools/interop.mjs, which gives the addresses.
import base from './jest.config.js';

// No shared test database: each spec starts an installation of its own.
const rest = { ...base };
delete rest.globalSetup;
delete rest.globalTeardown;

/** @type {import('jest').Config} */
export default {
  ...rest,
  roots: ['<rootDir>/test/interop'],
  testRegex: '\\.interop-spec\\.ts$',
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 300_000,
  maxWorkers: 1,
};
