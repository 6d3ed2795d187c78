import type { Damage } from './chain-damage.js';
import { FILE_DAMAGES } from './chain-damage-files.js';
import { FORGED_DAMAGES } from './chain-damage-forged.js';
import { HEADS_DAMAGES } from './chain-damage-heads.js';
import { NOTE_DAMAGES } from './chain-damage-notes.js';
import { PAYLOAD_DAMAGES } from './chain-damage-payloads.js';

/** Every kind of damage to a bundle that a verifier must name. */
export const DAMAGES: readonly Damage[] = [
  ...FILE_DAMAGES,
  ...FORGED_DAMAGES,
  ...NOTE_DAMAGES,
  ...PAYLOAD_DAMAGES,
  ...HEADS_DAMAGES,
];
