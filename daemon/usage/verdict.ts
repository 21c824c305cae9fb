import { AT_LIMIT, costOf, priceWords, type AtLimit, type Usage } from '../../contract/index.ts';
import { inUnits } from './in-units.ts';
import { isQuotaKnown } from './quota-warnings.ts';

/** What the person wants when the next snapshot does not fit into what is included. */
export interface QuotaPolicy {
  readonly atLimit: AtLimit;
  /** Most that storage beyond it may cost a month. */
  readonly payUpTo: { readonly amount: number; readonly currency: string } | undefined;
}

/** What holds for a plan: its own word, else that of the settings. */
export function policyOf(
  settings: QuotaPolicy,
  plan: { quotaPolicy?: string | null | undefined } | undefined,
): QuotaPolicy {
  const text = plan?.quotaPolicy;
  if (text === undefined || text === null) return settings;
  const [atLimit = 'stop', limit] = text.split(':');
  const [amount, currency = ''] = limit?.split(' ') ?? [];
  return {
    atLimit: AT_LIMIT.find((known) => known === atLimit) ?? 'stop',
    payUpTo: amount === undefined ? undefined : { amount: Number(amount), currency },
  };
}

/** What the next snapshot will probably add. */
export interface Estimate {
  readonly bytes: number;
  /** By what, e.g. `by the last snapshots`. */
  readonly by: string;
}

export type QuotaVerdict =
  | { readonly fits: true; readonly estimateBytes: number | undefined; readonly costPerMonth?: number }
  | {
      readonly fits: false;
      readonly message: string;
      readonly hint: string;
      /** It is only the estimate that does not fit. */
      readonly byEstimate: boolean;
    };

const GIB = 1024 ** 3;

/** How many bytes the policy allows to be stored in all; undefined while Space says no total. */
export function allowedBytes(usage: Usage, policy: QuotaPolicy): number | undefined {
  if (!isQuotaKnown(usage)) return undefined;
  return usage.totalBytes + Math.floor(paidBytes(usage, policy));
}

function paidBytes({ price, overage }: Usage, policy: QuotaPolicy): number {
  if (!price || !overage) return 0;
  if (price.perGibMonth === 0) return overage.limitBytes;
  const { atLimit, payUpTo } = policy;
  if (atLimit !== 'pay' || payUpTo?.currency !== price.currency) return 0;
  return Math.min(overage.limitBytes, (payUpTo.amount / price.perGibMonth) * GIB);
}

/** Whether a snapshot that adds about so much fits into what is included, would cost, or would not fit. */
export function judge(usage: Usage, policy: QuotaPolicy, estimate: Estimate | undefined): QuotaVerdict {
  const estimateBytes = estimate?.bytes;
  if (!usage.canBackup && !isFull(usage)) return notAccepted(usage);
  const allowed = allowedBytes(usage, policy) ?? Infinity;
  const afterBytes = usage.usedBytes + Math.max(estimateBytes ?? 0, 1);
  if (afterBytes <= allowed && usage.canBackup)
    return { fits: true, estimateBytes, ...cost(usage, afterBytes) };
  return {
    fits: false,
    byEstimate: usage.canBackup && usage.usedBytes < allowed,
    message:
      `${inUnits(usage.usedBytes)} of ${inUnits(usage.totalBytes)} at Olares Space are used` +
      (estimate === undefined ? '' : ` and about ${inUnits(estimate.bytes)} more are needed, ${estimate.by}`),
    hint: waysOut(usage, policy),
  };
}

function cost(usage: Usage, afterBytes: number): { costPerMonth?: number } {
  if (!isQuotaKnown(usage) || !usage.price) return {};
  const costPerMonth = costOf(afterBytes - usage.totalBytes, usage.price.perGibMonth);
  return costPerMonth > 0 ? { costPerMonth } : {};
}

const notAccepted = ({ planLevel }: Usage): QuotaVerdict => ({
  fits: false,
  byEstimate: false,
  message: `Olares Space does not accept backups of this account (plan level ${planLevel})`,
  hint: 'choose a storage plan at Olares Space, or keep the plan elsewhere: plan add --location DIR',
});

const isFull = (usage: Usage): boolean => isQuotaKnown(usage) && usage.usedBytes >= usage.totalBytes;

/** One sentence with everything that helps; the snapshots that exist are never in question. */
export function waysOut(usage: Usage, policy: QuotaPolicy): string {
  return [
    'your existing snapshots are safe; get more storage at Olares Space, exclude large files, or keep a plan elsewhere (plan add --location DIR)',
    ...room(usage, policy),
    ...money(usage, policy),
  ].join('; ');
}

/** No snapshot is ever removed unasked: there is no retention yet, so the person is told what would help. */
function room(usage: Usage, { atLimit }: QuotaPolicy): string[] {
  if (atLimit !== 'make-room') return [];
  const largest = usage.byPlan.toSorted((a, b) => b.storedBytes - a.storedBytes)[0];
  return [
    'this agent removes no snapshots by itself, so "make-room" stops here' +
      (usage.reclaimableBytes > 0 ? `; a clean-up could free ${inUnits(usage.reclaimableBytes)}` : '') +
      (largest ? `; most is kept by "${largest.planName}" (${inUnits(largest.storedBytes)})` : ''),
  ];
}

function money({ price, overage }: Usage, { atLimit, payUpTo }: QuotaPolicy): string[] {
  if (!price || !overage) {
    return atLimit === 'pay' ? ['Olares Space sells nothing beyond it to this account'] : [];
  }
  const rate = priceWords({ price });
  if (atLimit !== 'pay')
    return [
      `more would cost ${rate}: allow it by the setting quota.payUpTo, or for one plan by plan edit --quota-policy`,
    ];
  if (payUpTo && payUpTo.currency !== price.currency) {
    return [`the price is ${rate}, but what was agreed to is in ${payUpTo.currency}`];
  }
  return [`more costs ${rate}, and no more than ${payUpTo?.amount} ${price.currency} a month was agreed to`];
}
