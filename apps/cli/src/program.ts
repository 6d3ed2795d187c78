import { Command, InvalidArgumentError } from 'commander';
import { eraseCommand, holdCommand } from './erase/erase-command.js';
import { exportCommand, proveCommand } from './export/export-command.js';
import type { AddOptions } from './operator/source.js';
import type { TailOptions } from './operator/tail.js';
import type { OpenTenantOptions } from './operator/tenant.js';
import type { CloseTenantOptions } from './operator/tenant-close.js';
import type { SignIn } from './operator/token.js';
import type { Output } from './output.js';
import { verifyCommand } from './verify-command.js';
import type { RecoverOptions } from './operator/recover.js';
import type { WitnessOptions } from './witness/run-witness.js';

const AS = '--as <person>';
const AS_TEXT = 'a person of the development issuer, such as tara@acme';
const TOKEN = '--token <token>';
const TOKEN_TEXT = 'an access token, instead of --as';

/**
 * The command line. Operator commands are loaded when they are used, so that `verify` of a file never loads a
 * database driver. `exit` takes the exit code of commands that have one.
 */
export function createProgram(output: Output, exit: (code: number) => void): Command {
  const program = new Command('countersign')
    .description('Countersign: operate an installation, and verify ledgers offline.')
    .configureOutput({ writeErr: (text) => output.err(text.trimEnd()) })
    .showHelpAfterError('(see --help)')
    .exitOverride();
  program.addCommand(
    verifyCommand(
      output,
      async () => (await import('./operator/verify-live.js')).verifyLiveLedger,
      exit,
    ).copyInheritedSettings(program),
  );
  for (const command of [
    exportCommand(output),
    proveCommand(output),
    eraseCommand(output),
    holdCommand(output),
  ]) {
    program.addCommand(command.copyInheritedSettings(program));
  }
  addTokenCommand(program, output);
  addTailCommand(program, output);
  addSourceCommands(program, output);
  addTenantCommand(program, output);
  addKeyCommands(program, output);
  addWitnessCommand(program, output);
  addRecoverCommand(program, output, exit);
  program
    .command('doctor')
    .description('explain what is set, missing or unsafe')
    .addHelpText('after', '\nExample:\n  countersign doctor')
    .action(async () => {
      exit(await (await import('./operator/doctor.js')).doctor(output));
    });
  program
    .command('migrate')
    .description('bring the database up to date (DATABASE_MIGRATION_URL, or DATABASE_URL)')
    .addHelpText(
      'after',
      '\nExample:\n  DATABASE_MIGRATION_URL=postgresql://owner@db/countersign countersign migrate',
    )
    .action(async () => {
      await (await import('./operator/migrate.js')).migrateDatabase(output);
    });
  return program;
}

function addKeyCommands(program: Command, output: Output): void {
  program
    .command('trust')
    .description(
      "print the tlog-policy file to pin: keys of a tenant's log and of the log of heads, witnesses",
    )
    .requiredOption('--tenant <slug>', 'the tenant')
    .option(
      '--vkey',
      "only the newest verifier key of the tenant's log, for tools that take one key",
    )
    .addHelpText('after', '\nExample:\n  countersign trust --tenant acme > acme.policy')
    .action(async (options: { tenant: string; vkey?: boolean }) => {
      await (await import('./operator/trust.js')).printTrust(options, output);
    });
  program
    .command('key')
    .description('the key that signs checkpoints')
    .command('rotate')
    .description(
      'put a new key first in SIGNING_KEY_FILE; the old one goes on signing until --finish',
    )
    .option('--finish', 'drop the old key, once the new one has signed everything newest')
    .addHelpText(
      'after',
      `
Replicas that run take up the file within seconds, without a restart; each must be given the same file. A secret
store that this command cannot write to: put a new line (the base64 of 32 random bytes) before the old one there,
then run the command; it records the rotation. Every older checkpoint goes on verifying with the old key.

Example:
  countersign key rotate
  countersign trust --tenant acme > acme.policy
  countersign key rotate --finish`,
    )
    .action(async (options: { finish?: boolean }) => {
      const { finishRotation, rotateKey } = await import('./operator/key.js');
      await (options.finish === true ? finishRotation(output) : rotateKey(output));
    });
}

function addWitnessCommand(program: Command, output: Output): void {
  program
    .command('witness')
    .description('run a witness: cosigns checkpoints that contain all it cosigned before (C2SP)')
    .requiredOption('--port <port>', 'where it listens', port)
    .option('--host <address>', 'on which address', '127.0.0.1')
    .requiredOption('--store <dir>', 'what it remembers; one process alone may use it')
    .requiredOption('--key <file>', 'its Ed25519 key, made when the file is missing')
    .requiredOption('--name <name>', 'name of its key, best a host name of yours and a path')
    .option('--log <vkey...>', 'verifier keys of the logs that it watches')
    .option('--policy <file>', 'a tlog-policy file whose logs it watches')
    .addHelpText(
      'after',
      "\nExample:\n  countersign witness --port 8700 --store /var/lib/witness --key /etc/witness.key --name witness.example/w1 --log 'countersign.local/heads/…+…'",
    )
    .action(async (options: WitnessOptions) => {
      await (await import('./witness/run-witness.js')).runWitness(options, output);
    });
}

function addRecoverCommand(program: Command, output: Output, exit: (code: number) => void): void {
  program
    .command('recover')
    .description('say why the installation is read-only, and go on after a loss')
    .option('--accept-gap', 'go on without what was lost, under new origins')
    .option('--reason <text>', 'why; becomes an entry of every ledger')
    .addHelpText(
      'after',
      '\nExample:\n  countersign recover --accept-gap --reason "disk of db-1 lost, restored the backup of 02:00"',
    )
    .action(async (options: RecoverOptions) => {
      exit(await (await import('./operator/recover.js')).recoverInstallation(options, output));
    });
}

function addTokenCommand(program: Command, output: Output): void {
  program
    .command('token')
    .description('print an access token of the development issuer, and nothing else')
    .requiredOption(AS, AS_TEXT)
    .addHelpText('after', '\nExample:\n  countersign token --as abel@acme')
    .action(async (options: { as: string }) => {
      const { installation } = await import('./operator/runtime.js');
      const { developmentToken } = await import('./operator/token.js');
      output.out(await developmentToken(await installation(), options.as));
    });
}

function addTailCommand(program: Command, output: Output): void {
  program
    .command('tail')
    .description('print the entries of a tenant as they come')
    .option(AS, AS_TEXT)
    .option(TOKEN, TOKEN_TEXT)
    .option('--type <type...>', "exact types, or prefixes such as 'promotion.*'")
    .option('--subject <subject>', "exact, or a prefix such as 'model/card-fraud/*'")
    .option('--after <sequence>', 'begin after this sequence', sequence)
    .option('--no-follow', 'stop at the newest entry')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', "\nExample:\n  countersign tail --as ana@acme --type 'promotion.*'")
    .action(async (options: TailOptions) => {
      await (await import('./operator/tail.js')).tail(options, output);
    });
}

function addSourceCommands(program: Command, output: Output): void {
  const source = program.command('source').description('connections to registries and tools');
  source
    .command('add')
    .description('make a source and print its address and secret')
    .argument('<name>', 'lower-case letters, digits and dashes')
    .requiredOption('--kind <kind>', 'mlflow, cloudevents or openlineage')
    .option('--base-url <url>', 'root of its REST interface')
    .option('--secret <secret>', 'made for you when left out')
    .option('--topic <topic>', 'a Kafka topic that carries its events')
    .option(AS, AS_TEXT)
    .option(TOKEN, TOKEN_TEXT)
    .addHelpText(
      'after',
      '\nExample:\n  countersign source add demo --kind mlflow --base-url http://127.0.0.1:5000 --as tara@acme',
    )
    .action(async (name: string, options: AddOptions) => {
      await (await import('./operator/source.js')).addSource(name, options, output);
    });
  source
    .command('list')
    .description('show the sources of a tenant')
    .option(AS, AS_TEXT)
    .option(TOKEN, TOKEN_TEXT)
    .addHelpText('after', '\nExample:\n  countersign source list --as tara@acme')
    .action(async (options: SignIn) => {
      await (await import('./operator/source.js')).listSources(options, output);
    });
  source
    .command('rotate')
    .description('add a secret to a source; the one before counts for a day more')
    .argument('<source>', 'name or id')
    .option('--secret <secret>', 'made for you when left out')
    .option(AS, AS_TEXT)
    .option(TOKEN, TOKEN_TEXT)
    .addHelpText('after', '\nExample:\n  countersign source rotate demo --as tara@acme')
    .action(async (wanted: string, options: SignIn & { secret?: string }) => {
      await (await import('./operator/source.js')).rotateSource(wanted, options, output);
    });
  source
    .command('test')
    .description('see whether the door of a source answers')
    .argument('<source>', 'name or id')
    .option(AS, AS_TEXT)
    .option(TOKEN, TOKEN_TEXT)
    .addHelpText('after', '\nExample:\n  countersign source test demo --as tara@acme')
    .action(async (wanted: string, options: SignIn) => {
      await (await import('./operator/source.js')).testSource(wanted, options, output);
    });
}

function addTenantCommand(program: Command, output: Output): void {
  const tenant = program.command('tenant').description('tenants of the installation');
  tenant
    .command('open')
    .description('open a tenant in the database, with its first admin')
    .argument('<slug>', 'lower-case letters, digits and dashes')
    .requiredOption('--admin <issuer:subject>', 'who administers it, as their tokens name them')
    .option('--name <name>', 'name for people; default: the slug')
    .addHelpText(
      'after',
      '\nExample:\n  countersign tenant open acme --name "Acme Bank" --admin keycloak-acme:5f0c2a7e-1',
    )
    .action(async (slug: string, options: OpenTenantOptions) => {
      await (await import('./operator/tenant.js')).openTenant(slug, options, output);
    });
  tenant
    .command('close')
    .description('close a tenant for ever and destroy its data key')
    .requiredOption('--tenant <slug>', 'the tenant')
    .requiredOption('--reason <text>', 'why; stands in the last entry, which nobody can read then')
    .requiredOption('--confirm <slug>', 'the slug again: what is destroyed does not come back')
    .addHelpText(
      'after',
      '\nExample:\n  countersign tenant close --tenant acme --reason "contract ended" --confirm acme',
    )
    .action(async (options: CloseTenantOptions) => {
      await (await import('./operator/tenant-close.js')).closeTenantForEver(options, output);
    });
  program
    .command('rewrap')
    .description('put the data keys of all tenants under a new key-encryption key')
    .requiredOption('--new-key <file>', 'the file with the new key, base64 of 32 bytes')
    .addHelpText(
      'after',
      `
First put the new key into KEY_ENCRYPTION_KEY_FILE of every replica as its first line, before the old one; services
that run take it up without a restart. Then run this; it can be interrupted and repeated. Then remove the old line.

Example:
  countersign rewrap --new-key /run/secrets/key-encryption.key`,
    )
    .action(async (options: { newKey: string }) => {
      await (await import('./operator/rewrap.js')).rewrapKeys(options.newKey, output);
    });
}

function port(text: string): number {
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number <= 65_535) return number;
  throw new InvalidArgumentError('A port is a number up to 65535; 0 takes a free one.');
}

function sequence(text: string): string {
  if (/^(0|[1-9]\d{0,17})$/.test(text)) return text;
  throw new InvalidArgumentError('A sequence is a whole number, such as 17.');
}
