import { rmSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { AppError, EXIT_CODES, toErrorBody } from '../contract/index.ts';
import { systemClock } from './base/clock.ts';
import { systemChance } from './base/ids.ts';

const HELP = `olares-backupd: the backup agent of Olares, as a daemon

Usage
  olares-backupd [--state-dir DIR] [--http HOST:PORT|off] [--config FILE]

Options
  --state-dir DIR      where everything is kept (env OLARES_BACKUP_STATE_DIR;
                       default /var/lib/olares-backup as root, else ~/.local/state/olares-backup)
  --http HOST:PORT     where the page is served, default 127.0.0.1:8640; "off" for none
  --config FILE        settings, default <state-dir>/config.json
  --check-config       say whether the settings are right, and end
  --help, --version

Exit codes: 0 ordered stop, 1 crash, 69 restic missing or too old, 78 settings or state directory
`;

/** The stop has to be over by then, whatever hangs: a dead backend may hold restic for 65 s. */
const STOP_BACKSTOP_MS = 75_000;

/** @param programDir where the built programs and the page are */
export async function runProgram(programDir: string): Promise<void> {
  try {
    await main(programDir);
  } catch (error) {
    complain(error);
    process.exitCode = error instanceof AppError ? EXIT_CODES[error.code] : EXIT_CODES.failed;
    if (!(error instanceof AppError)) process.stderr.write(`${(error as Error).stack ?? ''}\n`);
  }
}

async function main(programDir: string): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.includes('--help')) return print(HELP);
  if (argv.includes('--version')) return print(`${manifest.version}\n`);
  // Late, so that help costs nothing.
  const [{ createLog }, { loadConfig }, { startDaemon }] = await Promise.all([
    import('./base/log.ts'),
    import('./config/load-config.ts'),
    import('./daemon.ts'),
  ]);
  const config = loadConfig({
    argv: argv.filter((word) => word !== '--check-config'),
    programDir,
    env: process.env,
    uid: process.getuid?.() ?? -1,
    homeDir: homedir(),
    hostName: hostname(),
    zone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
    execPath: process.execPath,
    chance: systemChance,
  });
  if (argv.includes('--check-config')) return print('the settings are right\n');
  const log = createLog(config.logLevel);
  guardProcess((error) => log.fatal({ err: error }, 'unexpected error'));
  let stopping: Promise<void> | undefined;
  const stop = (exitCode: number, why: string): void => {
    if (stopping) return;
    log.info({ why }, 'stopping');
    process.exitCode = exitCode;
    setTimeout(() => process.exit(exitCode), STOP_BACKSTOP_MS).unref();
    stopping = started.then(
      async (daemon) => {
        await daemon.stop();
        if (config.ephemeral) rmSync(config.stateDir, { recursive: true, force: true });
        log.info('stopped');
      },
      () => undefined,
    );
  };
  // Before the start: a signal in the midst of it would end Node, and leave a helper that has just begun.
  listenForStop(config.ephemeral, (why) => stop(0, why));
  const started = startDaemon({
    config,
    clock: systemClock,
    chance: systemChance,
    log,
    version: manifest.version,
    pageDir: join(programDir, 'admin-page'),
    onFatal: (error) => {
      complain(error);
      stop(EXIT_CODES[error.code], error.code);
    },
  });
  const daemon = await started;
  print(
    `${JSON.stringify({ ready: true, stateDir: config.stateDir, page: daemon.pageUrl ?? null, pid: process.pid })}\n`,
  );
}

function listenForStop(isEphemeral: boolean, stop: (why: string) => void): void {
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.once('SIGINT', () => stop('SIGINT'));
  // Whoever started it holds the other end, however that one ends.
  if (isEphemeral) process.stdin.once('end', () => stop('nobody needs it')).resume();
}

function guardProcess(tell: (error: unknown) => void): void {
  // Node would open its inspector.
  process.on('SIGUSR1', () => undefined);
  const crash = (error: unknown): void => {
    tell(error);
    process.exit(EXIT_CODES.failed);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
}

function complain(error: unknown): void {
  const { message, hint } =
    error instanceof AppError ? toErrorBody(error) : { message: String(error), hint: undefined };
  process.stderr.write(`olares-backupd: ${message}\n${hint === undefined ? '' : `  ${hint}\n`}`);
}

function print(text: string): void {
  process.stdout.write(text);
}
