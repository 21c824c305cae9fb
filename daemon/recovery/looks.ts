import { existsSync } from 'node:fs';
import {
  AppError,
  toErrorBody,
  type HelperResultOf,
  type Location,
  type Look,
  type LookedSnapshot,
  type NewLook,
  type PlanSettings,
  type RepositorySnapshot,
  type SecretChannel,
} from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Chance } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { formatBackupUrl, parseBackupUrl, parseRepositoryAddress } from '../restore/backup-url.ts';
import type { TryLimit } from '../restore/try-limit.ts';
import type { RecoveryDoor, RecoveryEngine, RecoveryPlans, RecoverySpace, Way } from './recovery-ports.ts';
import { planAt } from '../restore/plan-at.ts';
import { askSecret } from './secret-run.ts';
import { settingsIn } from './settings-tag.ts';

const LIFE_MS = 15 * 60_000;
const MOST_LOOKS = 20;
/** A date further ahead is forged: such a snapshot is not the newest. */
const DAY_MS = 86_400_000;

export interface LooksOptions {
  readonly plans: Pick<RecoveryPlans, 'list'>;
  readonly engine: RecoveryEngine;
  readonly door: RecoveryDoor;
  readonly limit: TryLimit;
  /** Undefined while nobody is signed in. */
  readonly space: () => RecoverySpace | undefined;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly config: { readonly runDir: string; readonly engineHost: string };
}

/** Looks into repositories that no plan of this machine has. Kept in memory only. */
export interface Looks {
  create(input: NewLook): Promise<{ id: string; channel: SecretChannel }>;
  /** @throws AppError `not_found` */
  get(id: string): Look;
  /** Where the repository is; undefined: at Olares Space. */
  locationOf(id: string): Location | undefined;
}

interface Kept {
  readonly look: Look;
  readonly location: Location | undefined;
  readonly until: number;
}

export function createLooks(options: LooksOptions): Looks {
  const kept = new Map<string, Kept>();
  const require = (id: string): Kept => {
    const found = kept.get(id);
    if (found && found.until > options.clock.now()) return found;
    throw new AppError('not_found', 'this look into a repository is over', { hint: 'look again' });
  };
  return {
    get: (id) => require(id).look,
    locationOf: (id) => require(id).location,
    async create(input) {
      const subject = subjectOf(input);
      const triesLeft = options.limit.require(subject.planId);
      const id = options.chance.uuid();
      const keep = (look: Look): void => {
        const until = options.clock.now() + LIFE_MS;
        kept.delete(id);
        kept.set(id, { look, location: input.location, until });
        for (const oldest of [...kept.keys()].slice(0, -MOST_LOOKS)) kept.delete(oldest);
      };
      const empty = { id, address: subject.address, planName: subject.planName };
      const waiting: Look = { ...empty, state: 'waiting', missingPaths: [], keys: [], snapshots: [] };
      keep(waiting);
      const channel = await askSecret(options, async (channelPath, ready) => {
        try {
          keep({
            ...waiting,
            ...(await found(options, { input, subject, channelPath, ready })),
            state: 'done',
          });
        } catch (error) {
          options.log.warn({ err: error }, 'a repository was not looked into');
          keep({ ...waiting, state: 'failed', error: bodyOf(error) });
          throw error;
        }
      });
      return { id, channel: { ...channel, triesLeft } };
    },
  };
}

const bodyOf = (error: unknown) =>
  toErrorBody(
    error instanceof AppError ? error : new AppError('failed', 'the look failed', { cause: error }),
  );

type Subject = ReturnType<typeof parseRepositoryAddress>;

function subjectOf({ location, address }: NewLook): Subject {
  if ((location === undefined) === (address === undefined)) {
    throw new AppError('invalid_input', 'name one place to look at', {
      field: 'address',
      hint: 'an address of a repository, or a Backup URL',
    });
  }
  return location ? ofLocation(location) : ofText(address ?? '');
}

function ofLocation(location: Location): Subject {
  if (location.kind === 'directory') return parseRepositoryAddress(location.path);
  if (location.kind === 'space') {
    throw new AppError('invalid_input', 'Space holds many repositories: name one by its address', {
      field: 'address',
    });
  }
  return parseRepositoryAddress(location.address);
}

/** An address as restic or a browser writes it, or a Backup URL. */
function ofText(text: string): Subject {
  if (text.includes('?') || !/^(?:s3:)?https?:/.test(text)) return parseBackupUrl(text);
  return parseRepositoryAddress(text.replace(/^(?!s3:)/, 's3:'));
}

interface LookRun {
  readonly input: NewLook;
  readonly subject: Subject;
  readonly channelPath: string;
  readonly ready: () => void;
}

async function found(options: LooksOptions, run: LookRun): Promise<Partial<Look>> {
  const { engine, limit, config } = options;
  const { input, subject } = run;
  const { access, credentials } = await wayTo(options, run);
  try {
    const result = await engine.run(
      {
        verb: 'look',
        access: { ...access, ...(input.repositoryId !== undefined && { expectId: input.repositoryId }) },
        host: config.engineHost,
        channelPath: run.channelPath,
        ...(input.keyIds && { keyIds: input.keyIds }),
      },
      { onReady: run.ready, ...(credentials && { credentials }) },
    );
    limit.right(subject.planId);
    const seen = describe(options, subject, result);
    return { ...seen, ...(await elsewhere(options, subject, seen.planId)) };
  } catch (error) {
    if (error instanceof AppError && error.code === 'wrong_password') limit.wrong(subject.planId);
    throw error;
  }
}

async function wayTo({ door, space }: LooksOptions, { input, subject }: LookRun): Promise<Way> {
  if (input.location && input.location.kind !== 'space') {
    return { access: await door.access(planAt(input.location), { adopt: true }), credentials: undefined };
  }
  const storage = space();
  if (!storage) {
    throw new AppError('not_signed_in', 'the repository is at Olares Space, and nobody is signed in', {
      hint: 'olares-backup login --space URL --code CODE',
      retry: 'after_action',
    });
  }
  const url = { ...subject, snapshotId: '', snapshotAt: 0, backupPath: undefined };
  const credentials = async () => await storage.credentials({ url });
  return { access: await storage.accessByUrl(url), credentials };
}

async function elsewhere(
  { space, log }: LooksOptions,
  { location }: Subject,
  planId: string | undefined,
): Promise<Partial<Look>> {
  const account = space();
  if (location !== 'space' || !account) return {};
  try {
    const online = (await account.machines()).filter((other) => other.online);
    const running = online.filter(({ plans }) => planId !== undefined && plans.includes(planId));
    return {
      onlineElsewhere: online.map(({ machine }) => machine),
      runningElsewhere: running.map(({ machine }) => machine),
    };
  } catch (error) {
    // A Space that does not tell is no reason against a restore.
    log.warn({ err: error }, 'Space does not say which machines are online');
    return {};
  }
}

function describe(
  { plans, clock }: LooksOptions,
  subject: Subject,
  { repositoryId, keys, snapshots }: HelperResultOf<'look'>,
): Partial<Look> {
  const newestFirst = snapshots
    .filter(({ takenAt }) => takenAt < clock.now() + DAY_MS)
    .toSorted((a, b) => b.takenAt - a.takenAt);
  const [newest] = newestFirst;
  const settings = newestFirst.map(({ tags }) => settingsIn(tags)).find((one) => one !== undefined);
  const knownPlan = plans.list().find(({ repository }) => repository?.id === repositoryId)?.name;
  return {
    repositoryId,
    keys,
    missingPaths: pathsOf(settings, newest?.paths).filter((path) => !existsSync(path)),
    snapshots: newestFirst.map((snapshot) => lookedAt(subject, snapshot)),
    ...identityOf(subject, settings, newest),
    ...(settings && { settings }),
    ...(knownPlan !== undefined && { knownPlan }),
  };
}

/** Whose snapshots these are: by the agent's settings, else by the tags of the real Olares. */
function identityOf(
  subject: Subject,
  settings: PlanSettings | undefined,
  newest: RepositorySnapshot | undefined,
): Pick<Look, 'planName' | 'planId'> {
  if (settings) return { planName: settings.plan.name, planId: settings.plan.id };
  const planId = planIdIn(newest?.tags);
  return { planName: subject.planName, ...(planId !== undefined && { planId }) };
}

function lookedAt({ address }: Subject, snapshot: RepositorySnapshot): LookedSnapshot {
  const { resticId, takenAt, host, paths, filesTotal, bytesTotal } = snapshot;
  const backupPath = paths[0] ?? '';
  return {
    resticId,
    takenAt,
    host,
    paths,
    ...(filesTotal !== undefined && { filesTotal }),
    ...(bytesTotal !== undefined && { bytesTotal }),
    backupUrl: formatBackupUrl({ address, snapshotId: resticId, snapshotAt: takenAt, backupPath }),
  };
}

/** What the plan saved, as its settings have it, or else as its newest snapshot does. */
export function pathsOf(
  settings: PlanSettings | undefined,
  newest: readonly string[] = [],
): readonly string[] {
  return settings && settings.plan.paths.length > 0 ? settings.plan.paths : newest;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function planIdIn(tags: readonly string[] = []): string | undefined {
  const id = tags.find((tag) => tag.startsWith('repo-id='))?.slice('repo-id='.length);
  return id !== undefined && UUID.test(id) ? id : undefined;
}
