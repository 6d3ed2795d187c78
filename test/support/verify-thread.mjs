// A thread of `countersign verify --live`, run from its source: a worker does not inherit the loader of a bench or a test.
import { register } from 'tsx/esm/api';

register();
await import('../../apps/cli/src/operator/verify-worker.ts');
