import { FileTenantKeyStore, keyPlaces, readKeyEncryptionKeys } from '@countersign/vault';
import { CommandFailure, EXIT } from '../exit.js';
import type { Output } from '../output.js';
import { installation } from './runtime.js';

/** Puts the data keys of all tenants under another key-encryption key. Nothing that is sealed changes. */
export async function rewrapKeys(newKeyFile: string, output: Output): Promise<void> {
  const places = keyPlaces((await installation()).config);
  const [newKey] = (await readKeyEncryptionKeys(newKeyFile)) ?? [];
  if (newKey === undefined) {
    throw new CommandFailure(
      `There is no key at ${newKeyFile}.`,
      `Make one: (umask 077 && openssl rand -base64 32 > ${newKeyFile})`,
      EXIT.usage,
    );
  }
  const report = await new FileTenantKeyStore(places).rewrap(newKey.key, (done) => {
    if (done % 100 === 0) output.err(`${done} keys`);
  });
  output.out(
    `${report.rewrapped} tenant keys rewrapped under ${newKey.id}, ${report.already} were already`,
  );
  const current = (await readKeyEncryptionKeys(places.keyFile)) ?? [];
  if (!current.some(({ id }) => id === newKey.id)) {
    output.err(
      `Add the new key to ${places.keyFile} as the first line now: services need it within half a minute.`,
    );
  } else if (current.length > 1) {
    output.err(
      `Once this finds nothing left to rewrap, the older lines of ${places.keyFile} can go.`,
    );
  }
}
