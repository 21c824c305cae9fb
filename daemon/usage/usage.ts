import type { Plan, Usage } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Store } from '../store/store.ts';
import { freeBytesAt } from './disk-space.ts';
import { estimateAddedBytes } from './estimate.ts';
import { isQuotaKnown, settleQuota, type UsageHealth } from './quota-warnings.ts';
import { spaceMeasure, toUsage, type SpaceMeasure } from './usage-sums.ts';

const FACT = 'usage.space';
const FRESH_MS = 60_000;
/** An older reading says too little about now to refuse a backup by it. */
const TRUSTED_MS = 10 * 60_000;

export type QuotaVerdict =
  | { readonly fits: true; readonly estimateBytes: number | undefined }
  | { readonly fits: false; readonly message: string; readonly hint: string };

export interface UsageMeter {
  /** The last reading, at once. */
  current(): Usage;
  /**
   * The reading, taken again when it is older than a minute or `refresh` asks for it. When Space cannot be reached it
   * is the last one; `measuredAt` tells its age.
   */
  get(refresh?: boolean): Promise<Usage>;
  /** Whether the plan's next snapshot fits. Never throws: what is not known does not stop a backup. */
  check(plan: Plan): Promise<QuotaVerdict>;
}

export interface UsageOptions {
  /** Undefined while nobody is signed in. */
  readonly space: () => { usage(): Promise<SpaceMeasure> } | undefined;
  readonly store: Pick<Store, 'plans' | 'snapshots' | 'facts' | 'commit'>;
  readonly health: UsageHealth;
  readonly clock: Clock;
  readonly log: Log;
}

/** Answers how much is stored and what still fits. It decides nothing: jobs do. */
export function createUsage(options: UsageOptions): UsageMeter {
  const { space, store, clock, log } = options;
  let measuring: Promise<void> | undefined;
  const known = (): SpaceMeasure | undefined => {
    const fact = store.facts.get(FACT);
    return space() && spaceMeasure.check(fact) ? fact : undefined;
  };
  const current = (): Usage => toUsage(store, known(), clock.now());
  const measure = async (): Promise<void> => {
    measuring ??= readSpace(options).finally(() => {
      measuring = undefined;
    });
    try {
      await measuring;
    } catch (error) {
      // The last reading is a valid answer; it carries its age.
      log.warn({ err: error }, 'usage could not be read from Space');
    }
  };
  const ageMs = (): number => clock.now() - (known()?.measuredAt ?? 0);
  const get = async (refresh = false): Promise<Usage> => {
    if (space() && (refresh || ageMs() > FRESH_MS)) await measure();
    return current();
  };
  return {
    current,
    get,
    async check(plan) {
      const estimateBytes = estimateAddedBytes(store.snapshots.list(plan.id));
      if (plan.location.kind === 'directory') return await checkDirectory(plan.location.path, estimateBytes);
      if (plan.location.kind !== 'space') return { fits: true, estimateBytes };
      const first = verdictOf(await get(), { estimateBytes, ageMs: ageMs() });
      // Only a reading of now may stop a backup: somebody may just have made room.
      return first.fits ? first : verdictOf(await get(true), { estimateBytes, ageMs: ageMs() });
    },
  };
}

async function readSpace({ space, store, health, clock }: UsageOptions): Promise<void> {
  const reading = await space()?.usage();
  if (!reading) return;
  store.commit((append) => {
    const before = store.facts.get(FACT);
    store.facts.set(FACT, reading);
    const usage = toUsage(store, reading, clock.now());
    if (!isSame(before, reading)) append('usage.measured', { usage });
    settleQuota(health, usage);
  });
}

function isSame(before: unknown, reading: SpaceMeasure): boolean {
  return (
    spaceMeasure.check(before) &&
    before.usedBytes === reading.usedBytes &&
    before.totalBytes === reading.totalBytes &&
    before.canBackup === reading.canBackup &&
    before.planLevel === reading.planLevel
  );
}

function verdictOf(usage: Usage, known: { estimateBytes: number | undefined; ageMs: number }): QuotaVerdict {
  const { estimateBytes, ageMs } = known;
  if (usage.source !== 'space' || ageMs > TRUSTED_MS) return { fits: true, estimateBytes };
  if (!usage.canBackup) {
    return {
      fits: false,
      message: `Olares Space does not accept backups of this account (plan level ${usage.planLevel})`,
      hint: 'choose a storage plan at Olares Space, or keep the plan elsewhere: plan add --location DIR',
    };
  }
  const neededBytes = Math.max(estimateBytes ?? 0, 1);
  if (!isQuotaKnown(usage) || usage.freeBytes >= neededBytes) return { fits: true, estimateBytes };
  return {
    fits: false,
    message:
      `${inUnits(usage.usedBytes)} of ${inUnits(usage.totalBytes)} at Olares Space are used` +
      (estimateBytes === undefined
        ? ''
        : ` and about ${inUnits(estimateBytes)} more are needed, by the last snapshots`),
    hint: 'get more storage at Olares Space, remove plans you no longer need, or exclude large files',
  };
}

async function checkDirectory(path: string, estimateBytes: number | undefined): Promise<QuotaVerdict> {
  const freeBytes = await freeBytesAt(path).catch(() => undefined);
  if (freeBytes === undefined || freeBytes >= Math.max(estimateBytes ?? 0, 1)) {
    return { fits: true, estimateBytes };
  }
  return {
    fits: false,
    message: `the disk of ${path} has ${inUnits(freeBytes)} left`,
    hint: 'free some space there, or keep the plan elsewhere',
  };
}

function inUnits(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const power = Math.min(Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1024)), units.length - 1);
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
