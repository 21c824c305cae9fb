import type { HelperResultOf, Plan, Usage } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Store } from '../store/store.ts';
import { freeBytesAt } from './disk-space.ts';
import { estimateAddedBytes, estimateFirst, firstEstimateKey, leftoverOf } from './estimate.ts';
import { forecastFull } from './forecast.ts';
import { inUnits } from './in-units.ts';
import { createQuotaGuard, type QuotaGuard } from './quota-guard.ts';
import { isQuotaKnown, quotaLevel, settleQuota, type UsageHealth } from './quota-warnings.ts';
import { recordSample, usageSamples } from './samples.ts';
import { takeTurns } from './turns.ts';
import { spaceMeasure, toUsage, type SpaceMeasure } from './usage-sums.ts';
import { judge, policyOf, type Estimate, type QuotaPolicy, type QuotaVerdict } from './verdict.ts';

const FACT = 'usage.space';
const LEVEL_FACT = 'usage.level';
const FRESH_MS = 60_000;
/** An older reading says too little about now to refuse a backup by it. */
const TRUSTED_MS = 10 * 60_000;

export interface CheckOptions {
  readonly signal?: AbortSignal;
  /** Only what is stored now may refuse it. */
  readonly ignoreEstimate?: boolean;
}

export interface UsageMeter {
  /** The last reading, at once. */
  current(): Usage;
  /**
   * The reading, taken again when it is older than a minute or `refresh` asks for it. When Space cannot be reached it
   * is the last one; `measuredAt` tells its age.
   */
  get(refresh?: boolean): Promise<Usage>;
  /** Whether the plan's next snapshot fits. Never throws: what is not known does not stop a backup. */
  check(plan: Plan, options?: CheckOptions): Promise<QuotaVerdict>;
  /** Watches the limit while an upload of this plan runs; dispose it after. */
  guard(plan: Plan): QuotaGuard;
}

export interface UsageOptions {
  /** Undefined while nobody is signed in. */
  readonly space: () => { usage(): Promise<SpaceMeasure> } | undefined;
  readonly store: Pick<Store, 'plans' | 'snapshots' | 'facts' | 'commit'>;
  /** Whose storage it is; undefined while nobody is signed in. */
  readonly account: () => string | undefined;
  readonly config: { readonly quota: QuotaPolicy };
  /** Counts what a plan saves, where there is no history to go by. */
  readonly measure: (plan: Plan, signal: AbortSignal | undefined) => Promise<HelperResultOf<'measure'>>;
  readonly health: UsageHealth;
  readonly clock: Clock;
  readonly log: Log;
}

/** Answers how much is stored and what still fits. It decides nothing: jobs do. */
export function createUsage(options: UsageOptions): UsageMeter {
  const { space, store, clock, log } = options;
  const policyFor = (plan: Plan): QuotaPolicy => policyOf(options.config.quota, plan);
  const read = takeTurns(() => readSpace(options));
  const known = (): SpaceMeasure | undefined => {
    const fact = store.facts.get(FACT);
    return space() && spaceMeasure.check(fact) ? fact : undefined;
  };
  const current = (): Usage => describe(options, known());
  const measure = async (isAnyEnough: boolean): Promise<void> => {
    try {
      await read(isAnyEnough);
    } catch (error) {
      // The last reading is a valid answer; it carries its age.
      log.warn({ err: error }, 'usage could not be read from Space');
    }
  };
  const ageMs = (): number => clock.now() - (known()?.measuredAt ?? 0);
  const get = async (refresh = false): Promise<Usage> => {
    if (space() && (refresh || ageMs() > FRESH_MS)) await measure(!refresh);
    return current();
  };
  return {
    current,
    get,
    async check(plan, { signal, ignoreEstimate = false } = {}) {
      const estimate = ignoreEstimate ? undefined : estimateByHistory(options, plan);
      if (plan.location.kind !== 'space') return await checkElsewhere(plan, estimate?.bytes);
      const isKnown = (usage: Usage): boolean => usage.source === 'space' && ageMs() <= TRUSTED_MS;
      const usage = await get();
      const next =
        ignoreEstimate || !isKnown(usage)
          ? estimate
          : (estimate ?? (await measureFirst(options, { plan, usage, signal })));
      const verdict = (now: Usage): QuotaVerdict =>
        isKnown(now) ? judge(now, policyFor(plan), next) : { fits: true, estimateBytes: next?.bytes };
      const first = verdict(usage);
      // Only a reading of now may stop a backup: somebody may just have made room.
      return first.fits ? first : verdict(await get(true));
    },
    guard: (plan) =>
      createQuotaGuard({
        get,
        policy: policyFor(plan),
        log,
        isAtSpace: plan.location.kind === 'space',
      }),
  };
}

function estimateByHistory({ store }: UsageOptions, plan: Plan): Estimate | undefined {
  const bytes = estimateAddedBytes(store.snapshots.list(plan.id));
  return bytes === undefined ? undefined : { bytes, by: 'by the last snapshots' };
}

interface FirstRun {
  readonly plan: Plan;
  readonly usage: Usage;
  readonly signal: AbortSignal | undefined;
}

/** Undefined where there is a snapshot, no total to compare with, or no answer: what is not known stops no backup. */
async function measureFirst(
  { store, measure, log }: UsageOptions,
  { plan, usage, signal }: FirstRun,
): Promise<Estimate | undefined> {
  if (!isQuotaKnown(usage) || store.snapshots.list(plan.id).length > 0) return undefined;
  try {
    const measured = await measure(plan, signal);
    const wasBegun = store.plans.get(plan.id)?.needsRepair ?? false;
    const estimate = estimateFirst(measured, leftoverOf(usage, wasBegun));
    store.commit(() => store.facts.set(firstEstimateKey(plan.id), estimate.bytes));
    return estimate;
  } catch (error) {
    log.warn({ err: error, planId: plan.id }, 'what a first snapshot needs could not be counted');
    return undefined;
  }
}

async function readSpace(options: UsageOptions): Promise<void> {
  const { space, store, health, clock } = options;
  const account = options.account();
  const reading = await space()?.usage();
  if (!reading || account === undefined) return;
  store.commit((append) => {
    const before = store.facts.get(FACT);
    store.facts.set(FACT, reading);
    recordSample(store, account, { usedBytes: reading.usedBytes, at: clock.now() });
    const usage = describe(options, reading);
    if (!isSame(before, reading)) append('usage.measured', { usage });
    const level = quotaLevel(usage, Number(store.facts.get(LEVEL_FACT) ?? 0));
    store.facts.set(LEVEL_FACT, level ?? 0);
    settleQuota(health, usage, level);
  });
}

/** The reading, what it is explained by, where it leads, and what was agreed for that. */
function describe({ store, clock, account, config }: UsageOptions, reading: SpaceMeasure | undefined): Usage {
  const now = clock.now();
  const usage = toUsage(store, reading, now);
  if (!reading) return usage;
  const forecast = forecastFull(usageSamples(store, account() ?? ''), { ...usage, now });
  const { atLimit, payUpTo } = config.quota;
  const outlookOf = ({ planId, nextBytes }: Usage['byPlan'][number]) => {
    if (nextBytes === undefined) return {};
    const policy = policyOf(config.quota, store.plans.get(planId));
    return toOutlook(judge(usage, policy, { bytes: nextBytes, by: '' }));
  };
  return {
    ...usage,
    byPlan: usage.byPlan.map((plan) => ({ ...plan, ...outlookOf(plan) })),
    ...(forecast && { forecast }),
    policy: { atLimit, ...(payUpTo && { payUpTo: `${payUpTo.amount} ${payUpTo.currency}` }) },
  };
}

function toOutlook(verdict: QuotaVerdict): Pick<Usage['byPlan'][number], 'nextFits' | 'nextCostPerMonth'> {
  const costPerMonth = verdict.fits ? verdict.costPerMonth : undefined;
  return { nextFits: verdict.fits, ...(costPerMonth !== undefined && { nextCostPerMonth: costPerMonth }) };
}

function isSame(before: unknown, reading: SpaceMeasure): boolean {
  return (
    spaceMeasure.check(before) &&
    before.usedBytes === reading.usedBytes &&
    before.totalBytes === reading.totalBytes &&
    before.canBackup === reading.canBackup &&
    before.planLevel === reading.planLevel &&
    before.overageLimitBytes === reading.overageLimitBytes &&
    before.price?.perGibMonth === reading.price?.perGibMonth
  );
}

async function checkElsewhere({ location }: Plan, estimateBytes: number | undefined): Promise<QuotaVerdict> {
  if (location.kind !== 'directory') return { fits: true, estimateBytes };
  const freeBytes = await freeBytesAt(location.path).catch(() => undefined);
  if (freeBytes === undefined || freeBytes >= Math.max(estimateBytes ?? 0, 1)) {
    return { fits: true, estimateBytes };
  }
  const needed = estimateBytes === undefined ? '' : `, and about ${inUnits(estimateBytes)} more are needed`;
  return {
    fits: false,
    byEstimate: freeBytes > 0,
    message: `the disk of ${location.path} has ${inUnits(freeBytes)} left${needed}`,
    hint: 'free some space there, or keep the plan elsewhere',
  };
}
