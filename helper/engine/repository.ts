import { createHash } from 'node:crypto';
import { AppError } from '../../contract/errors.ts';
import type { HelperVerb, RepositoryAccess } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';
import { openObjects, type RepositoryObjects } from '../storage/objects.ts';
import { failureOf, RESTIC_EXIT, type ResticEnd } from './exit-codes.ts';
import { readKeyHint } from './key-hint.ts';
import { openCredentials } from './open-credentials.ts';
import { readPin, writePin } from './pins.ts';
import { runRestic, type ResticCommand } from './restic.ts';
import { withSignIn } from './sign-in.ts';
import { openWay } from './way.ts';

export interface RepositoryRun extends Pick<
  ResticCommand,
  'args' | 'files' | 'onMessage' | 'onText' | 'hold' | 'wrap' | 'cancel'
> {
  /** Instead of the repository's own. */
  readonly password?: Buffer;
  /** The key that the password opens; restic tries it first. */
  readonly keyHint?: string;
  /** Exit codes beside 0 that the caller understands. */
  readonly accept?: readonly number[];
}

/** A repository within reach: address, credentials and password are taken care of. */
export interface Repository extends AsyncDisposable {
  readonly objects: RepositoryObjects;
  /**
   * Runs restic once on this repository.
   * @throws AppError for every end but 0 and the accepted codes
   */
  run(run: RepositoryRun): Promise<ResticEnd>;
  /**
   * One small read, before restic would try a dead address for 15 minutes: is the storage there, and does it hold the
   * pinned repository? Costs a restic process only when this was never asked before.
   * @throws AppError `unreachable`, `repository_missing`, `integrity` …
   */
  confirm(): Promise<void>;
  /** Words for an end that was accepted but is a failure after all. */
  failure(end: ResticEnd): AppError;
  /** Since when restic waits for storage credentials. */
  waitingSince(): number | undefined;
}

export interface RepositoryOptions {
  readonly verb: HelperVerb;
  readonly access: RepositoryAccess;
  readonly password: Buffer;
  /** machine: a password that restic does not know means a wrong repository, not a wrong password. */
  readonly key: 'machine' | 'typed';
}

export async function openRepository(session: Session, options: RepositoryOptions): Promise<Repository> {
  const { verb } = options;
  const access = withSignIn(options.access);
  const credentials = await openCredentials(session, access);
  const objects = openObjects(session, access, credentials.get);
  const way = await openWay(session, access);

  const failure = (end: ResticEnd): AppError => {
    if (end.tail.length > 0) session.output.log('warn', `restic: ${end.tail.join('\n')}`);
    // Stopped while it tries its keys, restic says that none of them opened.
    const isForeign = !end.cancelled && end.code === RESTIC_EXIT.wrongPassword && options.key === 'machine';
    return isForeign ? foreignRepository(end) : failureOf(end);
  };
  const run = async ({
    password = options.password,
    accept = [],
    keyHint,
    ...rest
  }: RepositoryRun): Promise<ResticEnd> => {
    const isMachineKey = options.key === 'machine' && password === options.password;
    const hint = keyHint ?? (isMachineKey ? knownHint(session, access) : undefined);
    const args = [...way.args, ...hintArgs(hint), ...ownArgs(rest.args, access)];
    const end = await runRestic(session, {
      ...rest,
      verb,
      password,
      args,
      address: way.address,
      environment: { ...credentials.environment, ...way.environment },
    });
    if (
      end.code === RESTIC_EXIT.ok ||
      (end.code !== undefined && !end.cancelled && accept.includes(end.code))
    )
      return end;
    throw failure(end);
  };

  return {
    objects,
    run,
    failure,
    waitingSince: credentials.waitingSince,
    async confirm() {
      if (!objects.canRead) return;
      const config = await objects.read('config');
      if (!config) throw failureOf(MISSING);
      if (access.expectId) await confirmId({ session, run, expectId: access.expectId, config });
    },
    async [Symbol.asyncDispose]() {
      way.close();
      credentials.close();
    },
  };
}

const hintArgs = (keyId: string | undefined): string[] =>
  keyId === undefined ? [] : [`--key-hint=${keyId}`];

const knownHint = (session: Session, { expectId }: RepositoryAccess): string | undefined =>
  expectId === undefined ? undefined : readKeyHint(session, expectId);

/** A plan's limits hold those for all plans, and restic takes the last it is given. */
function ownArgs(args: readonly string[], { limits }: RepositoryAccess): readonly string[] {
  return limits ? args.filter((arg) => !/^--limit-(?:up|down)load=/.test(arg)) : args;
}

const MISSING: ResticEnd = {
  code: RESTIC_EXIT.missing,
  signal: undefined,
  cancelled: false,
  message: '',
  tail: [],
};

interface Confirmation {
  readonly session: Session;
  readonly run: Repository['run'];
  readonly expectId: string;
  readonly config: Buffer;
}

/** The id is inside the encrypted `config`; its stored bytes stand for it once they were seen together. */
async function confirmId({ session, run, expectId, config }: Confirmation): Promise<void> {
  const digest = createHash('sha256').update(config).digest('hex');
  if (readPin(session, expectId) === digest) return;
  const { id } = await readConfig(run);
  if (id !== expectId) {
    throw new AppError('integrity', 'this is not the repository of this plan', {
      hint: `expected ${expectId.slice(0, 8)}, found ${id.slice(0, 8)}: check the location; nothing was read or written`,
    });
  }
  writePin(session, expectId, digest);
}

export interface RepositoryConfig {
  readonly id: string;
  readonly version: number;
}

/** @throws AppError `integrity` when restic prints something else than a config */
export async function readConfig(run: Repository['run']): Promise<RepositoryConfig> {
  const config = JSON.parse((await readObject(run, 'config')) || '{}') as Partial<RepositoryConfig>;
  if (typeof config.id !== 'string' || typeof config.version !== 'number') {
    throw new AppError('integrity', 'the repository has no readable configuration');
  }
  return { id: config.id, version: config.version };
}

/** The same repository, whose own password is known to open this key. */
export const hinted = <R extends Repository>(repository: R, keyHint: string): R => ({
  ...repository,
  run: (run) => repository.run(run.password === undefined ? { keyHint, ...run } : run),
});

/** What `restic cat` prints of an object: JSON over several lines, which are none each. */
export async function readObject(run: Repository['run'], what: 'config' | 'masterkey'): Promise<string> {
  const lines: string[] = [];
  await run({ args: ['cat', what, '--no-lock'], onText: (line) => lines.push(line) });
  return lines.slice(lines.indexOf('{'), lines.indexOf('}') + 1).join('\n');
}

function foreignRepository(end: ResticEnd): AppError {
  return new AppError('integrity', "this machine's key does not open the repository at this location", {
    hint: 'it is another repository, or the key was removed: check the location, or adopt it again with the password',
    retry: 'after_action',
    cause: failureOf(end),
  });
}
