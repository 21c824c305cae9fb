import { basename, join, resolve } from 'node:path';
import { AppError, cleanText } from '../../contract/index.ts';
import type { Chance } from '../base/ids.ts';
import { prepareStateDir } from '../base/state-dir.ts';
import type { Config } from './config.ts';
import { readConfigFile } from './config-file.ts';
import { LOG_LEVELS, type ConfigFile } from './config-schema.ts';
import { refuseDangerousEnvironment, type Environment } from './environment.ts';
import { httpAddress } from './http-address.ts';
import { machineIdentity } from './machine-identity.ts';
import { parseProgramOptions, type ProgramOptions } from './program-options.ts';

export interface LoadConfigOptions {
  /** Without program and script. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly uid: number;
  readonly homeDir: string;
  readonly hostName: string;
  /** IANA zone of the machine. */
  readonly zone: string;
  /** The Node that runs us. */
  readonly execPath: string;
  /** Where the running program lies; the helper lies beside it. */
  readonly programDir: string;
  readonly chance: Chance;
}

/** The longest path of a unix socket on Linux, less its end. */
const LONGEST_SOCKET_PATH = 107;

/**
 * Command line before environment before file before defaults; makes the state directory when there is none.
 * @throws AppError `config_invalid` naming field, value and way out
 */
export function loadConfig(options: LoadConfigOptions): Config {
  refuseDangerousEnvironment(options.env);
  const given = parseProgramOptions(options.argv);
  const stateDir = resolve(
    given.stateDir ?? (options.env['OLARES_BACKUP_STATE_DIR'] || defaultStateDir(options)),
  );
  prepareStateDir(stateDir, options.uid);
  const { path, file } = fileOf(given, stateDir);
  const identity = machineIdentity(stateDir, options.chance);
  const config: Config = {
    configFile: path,
    stateDir,
    ephemeral: given.ephemeral,
    fileSettings: { ...file },
    runDir: runDirOf(stateDir, options.env),
    http: httpAddress(given.http, file.http),
    logLevel: logLevelOf(given, file),
    machineName: cleanText(file.machineName ?? options.hostName, 100),
    ...identity,
    zone: options.zone,
    helper: { command: helperCommand(options), resticBin: options.env['RESTIC_BIN'] || file.resticBin },
    limits: {
      uploadKiBPerSecond: file.limits?.uploadKiBPerSecond,
      downloadKiBPerSecond: file.limits?.downloadKiBPerSecond,
    },
    quota: quotaOf(file),
    ...tunables(file),
  };
  return deepFrozen(config);
}

/** The settings as `GET /config` shows them; there is no secret among them. */
export function describeConfig(config: Config): Record<string, unknown> {
  const { fileSettings: _, ...inForce } = config;
  return structuredClone({ ...inForce, http: config.http ?? 'off' });
}

function defaultStateDir({ uid, env, homeDir }: LoadConfigOptions): string {
  if (uid === 0) return '/var/lib/olares-backup';
  return join(env['XDG_STATE_HOME'] || join(homeDir, '.local', 'state'), 'olares-backup');
}

/** No file in the usual place is fine; one that was named must be there. */
function fileOf(given: ProgramOptions, stateDir: string): { path: string | undefined; file: ConfigFile } {
  const path = resolve(given.config ?? join(stateDir, 'config.json'));
  const file = readConfigFile(path);
  if (file) return { path, file };
  if (given.config === undefined) return { path: undefined, file: {} };
  throw new AppError('config_invalid', `the configuration file ${path} does not exist`, {
    field: 'config',
    hint: 'correct --config, or make the file',
  });
}

function runDirOf(stateDir: string, env: Environment): string {
  // systemd's RuntimeDirectory; another service's, inherited by chance, is not ours to use.
  const given = env['RUNTIME_DIRECTORY'] ?? '';
  const runDir = basename(given) === 'olares-backup' && given.startsWith('/') ? given : join(stateDir, 'run');
  const longest = Buffer.byteLength(join(runDir, 'status.sock'));
  if (longest <= LONGEST_SOCKET_PATH) return runDir;
  throw new AppError(
    'config_invalid',
    `the state directory's path is too long for its sockets: ${stateDir}`,
    {
      field: 'state-dir',
      hint: `choose one that is at least ${longest - LONGEST_SOCKET_PATH} bytes shorter`,
    },
  );
}

function logLevelOf(given: ProgramOptions, file: ConfigFile): string {
  const level = given.logLevel ?? file.logLevel ?? 'info';
  if (LOG_LEVELS.some((known) => known === level)) return level;
  throw new AppError('config_invalid', `--log-level is "${cleanText(level, 40)}"`, {
    field: 'logLevel',
    hint: `use one of ${LOG_LEVELS.join(', ')}`,
  });
}

/** OLARES_BACKUP_HELPER is for development: the helper from another place. */
function helperCommand({ env, execPath, programDir }: LoadConfigOptions): readonly string[] {
  const path = env['OLARES_BACKUP_HELPER'] || join(programDir, 'olares-backup-helper.mjs');
  return /\.m?js$/.test(path) ? [execPath, resolve(path)] : [resolve(path)];
}

function quotaOf({ quota = {} }: ConfigFile): Config['quota'] {
  const { atLimit = 'stop', payUpTo } = quota;
  if (atLimit === 'pay' && payUpTo === undefined) {
    throw new AppError('config_invalid', '"quota.atLimit" is "pay", but "quota.payUpTo" is missing', {
      field: 'quota.payUpTo',
      hint: 'say the most that it may cost a month, for example "5 EUR"',
    });
  }
  const [amount = '', currency = ''] = payUpTo?.split(' ') ?? [];
  return { atLimit, payUpTo: payUpTo === undefined ? undefined : { amount: Number(amount), currency } };
}

function tunables(file: ConfigFile): Pick<Config, 'jobs' | 'scheduler' | 'remote' | 'spaceLink'> {
  const jobs = { retryBaseMs: 30_000, retryMaxMs: 3_600_000, giveUpAfterMs: 86_400_000, ...file.jobs };
  const spaceLink = { reconnectBaseMs: 1_000, reconnectMaxMs: 300_000, ...file.spaceLink };
  checkOrder('jobs.retryBaseMs', jobs.retryBaseMs, jobs.retryMaxMs);
  checkOrder('spaceLink.reconnectBaseMs', spaceLink.reconnectBaseMs, spaceLink.reconnectMaxMs);
  return {
    jobs,
    spaceLink,
    scheduler: { jitterMaxMs: 300_000, ...file.scheduler },
    // A restore waits for a person whatever Space asks; `allow` means no more than `ask` there.
    remote: { backup: 'allow', restore: 'ask', plan: 'allow', ...file.remote },
  };
}

function checkOrder(field: string, base: number, max: number): void {
  if (base <= max) return;
  throw new AppError('config_invalid', `"${field}" is ${base}, but its greatest delay is ${max}`, {
    field,
    hint: `choose at most ${max}`,
  });
}

function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) deepFrozen(inner);
  return Object.freeze(value);
}
