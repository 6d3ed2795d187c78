import { Command, InvalidArgumentError } from 'commander';
import { exportCommand, proveCommand } from './export/export-command.js';
import type { AddOptions } from './operator/source.js';
import type { TailOptions } from './operator/tail.js';
import type { OpenTenantOptions } from './operator/tenant.js';
import type { SignIn } from './operator/token.js';
import type { Output } from './output.js';
import { verifyCommand } from './verify-command.js';

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
  for (const command of [exportCommand(output), proveCommand(output)]) {
    program.addCommand(command.copyInheritedSettings(program));
  }
  addTokenCommand(program, output);
  addTailCommand(program, output);
  addSourceCommands(program, output);
  addTenantCommand(program, output);
  program
    .command('trust')
    .description("print the verifier key of a tenant's log, to pin (a line of a tlog-policy file)")
    .requiredOption('--tenant <slug>', 'the tenant')
    .addHelpText('after', '\nExample:\n  countersign trust --tenant acme')
    .action(async (options: { tenant: string }) => {
      await (await import('./operator/trust.js')).printTrust(options.tenant, output);
    });
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
  program
    .command('tenant')
    .description('tenants of the installation')
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
}

function sequence(text: string): string {
  if (/^(0|[1-9]\d{0,17})$/.test(text)) return text;
  throw new InvalidArgumentError('A sequence is a whole number, such as 17.');
}
