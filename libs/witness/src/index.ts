export { loadOrCreateWitnessKey } from './key-file.js';
export { witnessServer, type WitnessServerOptions } from './server.js';
export { StateFolder } from './state-folder.js';
export { Witness, type WitnessOptions } from './witness.js';
