/** Providers that are no class. */
export const CONFIG = Symbol('CONFIG');
export const CLOCK = Symbol('CLOCK');
export const LOGGER = Symbol('LOGGER');
/** Where this service is reached from outside, without a trailing slash. */
export const PUBLIC_URL = Symbol('PUBLIC_URL');
/** Aborted when the service begins to stop. */
export const STOPPING = Symbol('STOPPING');
export const POLICY_FILES = Symbol('POLICY_FILES');
/** Who outside keeps checkpoints: witnesses, time stamps, write-once copies. */
export const ANCHORS = Symbol('ANCHORS');
