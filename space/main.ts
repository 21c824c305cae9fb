import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import manifest from '../package.json' with { type: 'json' };
import { AppError, EXIT_CODES } from '../contract/errors.ts';
import { accountCommand, parseBytes } from './account-command.ts';
import { SpaceFaults } from './faults.ts';
import { createLog, type Log } from './log.ts';
import type { StorageChoice } from './open-storage.ts';
import { consoleLink, DEFAULT_QUOTA_BYTES, openSpace } from './server.ts';
import { openKnobsSocket } from './knobs-socket.ts';
import { DATABASE_NAME, openState, type State } from './state/state.ts';
import { givenClusterOptions, readClusterSettings } from './storage/cluster/settings.ts';

const HELP = `olares-space: a Space of your own, for backups of Olares machines

Usage
  olares-space --data DIR [--listen HOST:PORT]     serve
  olares-space pairing-code --data DIR [--name N]  print a code that pairs one machine (15 minutes, once)
  olares-space account --data DIR [--name N] [--quota BYTES] [--overage BYTES] [--price "0.02 USD"]
                                                   show or change what an account may store
  olares-space console-link --data DIR             print an address that opens the console (10 minutes, once)

Options
  --data DIR           where everything is kept (env OLARES_SPACE_DATA)
  --listen HOST:PORT   default 127.0.0.1:8700; port 0 takes a free one
  --public-url URL     how machines and browsers reach it, when not where it listens
  --allow-host H[:P]   a further name under which it may be reached; may be repeated
  --behind-proxy       allow listening on other than loopback addresses: a proxy in front speaks TLS
  --quota BYTES        for accounts made from now on, default 10 GiB; with account: for this one
  --overage BYTES      with account: how much it may store beyond its quota, at the price; 0: nothing
  --price PRICE        with account: of one GiB beyond a quota for a month, for all accounts
  --name NAME          Olares name of the account, default alice@olares.com; made if there is none
  --test-knobs         for tests: faults on demand by <data>/run/knobs.sock
  --json               print the result of pairing-code or console-link as JSON
  --help, --version

Where the objects are kept (the rest is always in --data)
  --storage disk|s3    disk: in --data, the default. s3: in an S3 cluster that is there already
  --s3-endpoint URL    its address, as machines reach it; https, or http on loopback
  --s3-region REGION, --s3-bucket BUCKET
  --s3-credentials-file FILE
                       the keys of this Space, mode 0600, in the form of ~/.aws/credentials
  --s3-role-arn ARN    the role whose rights are handed on, cut down; needed at AWS and Ceph
  --s3-sts-endpoint URL
                       where AssumeRole is answered; default: AWS's own, elsewhere --s3-endpoint
  --s3-session-seconds N
                       life of the keys of machines, 900 to 43200, as far as the role allows; default 3600
  --s3-cloud CLOUD     what machines are told it is: aws (default, also for MinIO and Ceph) or tencentcloud
  --storage-moved      the objects were copied to the storage that is named now
  docs/space-storage.md tells how to set up the bucket and the role.
`;

const OPTIONS = {
  data: { type: 'string' },
  listen: { type: 'string', default: '127.0.0.1:8700' },
  'public-url': { type: 'string' },
  'allow-host': { type: 'string', multiple: true },
  'behind-proxy': { type: 'boolean', default: false },
  quota: { type: 'string' },
  overage: { type: 'string' },
  price: { type: 'string' },
  name: { type: 'string', default: 'alice@olares.com' },
  'test-knobs': { type: 'boolean', default: false },
  storage: { type: 'string', default: 'disk' },
  'storage-moved': { type: 'boolean', default: false },
  's3-endpoint': { type: 'string' },
  's3-sts-endpoint': { type: 'string' },
  's3-region': { type: 'string' },
  's3-bucket': { type: 'string' },
  's3-role-arn': { type: 'string' },
  's3-credentials-file': { type: 'string' },
  's3-session-seconds': { type: 'string' },
  's3-cloud': { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
  version: { type: 'boolean', default: false },
} as const;

type Values = ReturnType<typeof readArguments>['values'];

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (cause) {
    throw new AppError('invalid_input', (cause as Error).message, {
      hint: 'see `olares-space --help`',
      cause,
    });
  }
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) return print(HELP);
  if (values.version) return print(`${manifest.version}\n`);
  const [command = 'serve', ...rest] = positionals;
  if (rest.length > 0)
    throw new AppError('invalid_input', `"${rest[0]}" is one word too many`, {
      hint: 'see `olares-space --help`',
    });
  if (command === 'serve') return serve(values);
  if (command === 'pairing-code') return withState(values, (state) => printPairingCode(values, state));
  if (command === 'account') return withState(values, (state) => print(accountCommand(state, values)));
  if (command === 'console-link') return withState(values, (state) => printConsoleLink(values, state));
  throw new AppError('invalid_input', `"${command}" is not a command`, { hint: 'see `olares-space --help`' });
}

async function serve(values: Values): Promise<void> {
  const log = createLog({ clock: Date.now, write: print });
  const publicUrl = values['public-url'];
  const faults = values['test-knobs'] ? new SpaceFaults() : undefined;
  const space = await openSpace({
    ...parseListen(values.listen),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(faults === undefined ? {} : { faults }),
    ...storageChoice(values),
    clock: Date.now,
    allowHosts: values['allow-host'] ?? [],
    behindProxy: values['behind-proxy'],
    quotaBytes: quotaOf(values),
    log,
  });
  const closeKnobs = faults && (await openKnobsSocket(space, faults, dataDir(values)));
  stopOnSignal(async () => {
    await closeKnobs?.();
    await space.close();
  }, log);
  print(`${JSON.stringify({ ready: true, url: space.url, console: space.createConsoleLink() })}\n`);
}

function storageChoice(values: Values): StorageChoice {
  const place = { dataDir: dataDir(values), storageMoved: values['storage-moved'] };
  if (values.storage === 's3') return { ...place, cluster: readClusterSettings(values) };
  if (values.storage !== 'disk') {
    throw new AppError('invalid_input', `--storage is "${values.storage}", but must be disk or s3`, {
      field: 'storage',
      hint: 'see `olares-space --help`',
    });
  }
  const [idle] = givenClusterOptions(values);
  if (idle === undefined) return place;
  throw new AppError('invalid_input', `--${idle} has no meaning without --storage s3`, {
    field: idle,
    hint: 'add --storage s3, or leave it out',
  });
}

function stopOnSignal(close: () => Promise<void>, log: Log): void {
  const stop = (signal: string) => {
    log('info', 'stopping', { signal });
    // The backstop never keeps the process up by itself.
    setTimeout(() => process.exit(1), 10_000).unref();
    close().then(
      () => log('info', 'stopped'),
      (error: unknown) => {
        log('error', 'stopping failed', { error });
        process.exitCode = 1;
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // Node would open its inspector.
  process.on('SIGUSR1', () => undefined);
}

/** Straight in the database: a running server sees it at once, and none has to run. */
function withState(values: Values, use: (state: State) => void): void {
  const dir = dataDir(values);
  if (!existsSync(join(dir, DATABASE_NAME))) {
    throw new AppError('not_found', `there is no Space in ${dir}`, {
      field: 'data',
      hint: `start one: olares-space --data ${dir}`,
    });
  }
  const state = openState({ dataDir: dir, clock: Date.now, random: randomBytes });
  try {
    use(state);
  } finally {
    state.close();
  }
}

function printPairingCode(values: Values, state: State): void {
  const account = state.accounts.ensure(values.name, quotaOf(values));
  const { code, expiresAt } = state.pairingCodes.create(account.id);
  const command = `olares-backup login --space ${urlOf(values, state)} --code ${code}`;
  if (values.json)
    return print(`${JSON.stringify({ code, expiresAt, name: account.olaresName, command })}\n`);
  print(`${code}\n`);
  process.stderr.write(`for ${account.olaresName}, once, within 15 minutes. On the machine:\n  ${command}\n`);
}

function printConsoleLink(values: Values, state: State): void {
  const link = consoleLink(urlOf(values, state), state);
  print(values.json ? `${JSON.stringify({ link })}\n` : `${link}\n`);
}

const quotaOf = (values: Values): number => parseBytes('quota', values.quota, 1) ?? DEFAULT_QUOTA_BYTES;

const urlOf = (values: Values, state: State): string =>
  values['public-url'] ?? state.setting('url') ?? `http://${values.listen}`;

function dataDir(values: Values): string {
  const dir = values.data ?? process.env['OLARES_SPACE_DATA'];
  if (dir === undefined || dir === '') {
    throw new AppError('invalid_input', '--data is missing', {
      field: 'data',
      hint: 'say where the Space keeps its data: --data DIR',
    });
  }
  return dir;
}

function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(text);
  const [, six, other, port] = match ?? [];
  const host = six ?? other;
  if (host === undefined || Number(port) > 65_535) {
    throw new AppError('invalid_input', `--listen is "${text}", but must be HOST:PORT`, {
      field: 'listen',
      hint: 'for example 127.0.0.1:8700',
    });
  }
  return { host, port: Number(port) };
}

function print(text: string): void {
  process.stdout.write(text);
}

main().catch((error: unknown) => {
  const isOurs = error instanceof AppError;
  process.stderr.write(`olares-space: ${isOurs ? error.message : String((error as Error).stack)}\n`);
  if (isOurs && error.hint !== undefined) process.stderr.write(`  ${error.hint}\n`);
  process.exitCode = isOurs ? EXIT_CODES[error.code] : 1;
});
