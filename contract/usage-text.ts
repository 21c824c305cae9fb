import type { Job } from './model/job.ts';
import type { Forecast, Usage } from './model/status.ts';
import type { Price } from './space/wire.ts';

const DAY_MS = 86_400_000;
/** Coarser the farther away: nobody knows the day of something months off. */
const UNITS = [
  { days: 1, name: 'day', upTo: 14 },
  { days: 7, name: 'week', upTo: 70 },
  { days: 30.44, name: 'month', upTo: Infinity },
] as const;

/** `in about 5–8 weeks`, or `not before 5 weeks` where it may also never come. */
export function forecastWords({ earliestAt, latestAt }: Forecast, now: number): string {
  const daysTo = (at: number): number => Math.max(0, (at - now) / DAY_MS);
  const earliest = daysTo(earliestAt);
  const unit = UNITS.find(({ upTo }) => daysTo(latestAt ?? earliestAt) <= upTo) ?? UNITS[2];
  const low = Math.max(1, Math.floor(earliest / unit.days));
  if (latestAt === undefined) return `not before ${low} ${unit.name}${low === 1 ? '' : 's'}`;
  const high = Math.max(low, Math.ceil(daysTo(latestAt) / unit.days));
  if (high === low) return `in about ${low} ${unit.name}${low === 1 ? '' : 's'}`;
  return `in about ${low}–${high} ${unit.name}s`;
}

const GIB = 1024 ** 3;

/** What storage beyond the total costs a month, in the currency of the price; a cent that was begun counts whole. */
export const costOf = (bytes: number, perGibMonth: number): number =>
  Math.ceil((Math.max(0, bytes) / GIB) * perGibMonth * 100) / 100;

/** `0.02 USD per GiB and month`; undefined where Space names no price. */
export function priceWords({ price }: { readonly price?: Price }): string | undefined {
  return price && `${price.perGibMonth} ${price.currency} per GiB and month`;
}

/** Whether nothing more is uploaded: Space refuses it, or it would cost what nobody agreed to. */
export function takesNoMore(usage: Usage): boolean {
  if (!usage.canBackup) return true;
  const isFull = usage.totalBytes > 0 && usage.usedBytes >= usage.totalBytes;
  return isFull && !isPaidFor(usage) && !usage.byPlan.some(({ nextFits }) => nextFits);
}

/** `, does not fit` or `, then 0.5 EUR a month`; nothing where it simply fits. */
export function nextVerdictWords(
  { nextFits, nextCostPerMonth }: Usage['byPlan'][number],
  { price }: Pick<Usage, 'price'>,
): string {
  if (nextFits === false) return ', does not fit';
  return nextCostPerMonth === undefined ? '' : `, then ${nextCostPerMonth} ${price?.currency ?? ''} a month`;
}

/** The field of an error that ends a backup by its estimate alone: who says it starts all the same. */
export const IGNORE_ESTIMATE = 'ignoreEstimate';

export const isEndedByEstimate = ({ state, error }: Pick<Job, 'state' | 'error'>): boolean =>
  state === 'failed' && error?.field === IGNORE_ESTIMATE;

/** Why somebody would go on, and what happens then. */
export const ESTIMATE_DOUBT =
  'The estimate is too high where the same data is there twice. A backup that does not fit ends by itself when the storage is full, and what was uploaded whole is kept.';

/** What a plan's own `quotaPolicy` says, e.g. `pay up to 5 EUR a month`. */
export const quotaPolicyWords = (policy: string): string =>
  policy.startsWith('pay:') ? `pay up to ${policy.slice('pay:'.length)} a month` : policy;

function isPaidFor({ overage, policy, price }: Usage): boolean {
  if (!overage || !price) return false;
  if (price.perGibMonth === 0) return true;
  return (
    policy?.atLimit === 'pay' && (overage.costPerMonth ?? Infinity) < agreedTo(policy.payUpTo, price.currency)
  );
}

function agreedTo(payUpTo: string | undefined, inCurrency: string): number {
  const [amount, currency] = payUpTo?.split(' ') ?? [];
  return currency === inCurrency ? Number(amount) : 0;
}
