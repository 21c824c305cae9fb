import type { JSX } from 'preact';
import type { Usage } from '../../../contract/index.ts';
import { forecastWords, nextVerdictWords, priceWords, takesNoMore } from '../../../contract/usage-text.ts';
import { Foreign, When } from '../components/basics.tsx';
import { Icon } from '../components/icon.tsx';
import { useNow } from '../state/context.ts';
import { formatBytes } from '../format/size.ts';

const NEARLY_FULL = 0.9;
const FILLING = 0.8;
const SOURCE_WORDS = { space: 'Measured by Space', ledger: "By this agent's own ledger" } as const;

/** Used, free and total, what a clean-up could free, where it leads, what it costs, and how old the numbers are. */
export function UsageCard({ usage }: { usage: Usage }): JSX.Element {
  const hasTotal = usage.totalBytes > 0;
  const share = hasTotal ? usage.usedBytes / usage.totalBytes : 0;
  return (
    <section class="card" aria-labelledby="usage-title" data-usage>
      <header class="card__head">
        <h2 id="usage-title">Storage</h2>
        {hasTotal ? <strong class="number">{`${Math.round(share * 100)} %`}</strong> : null}
      </header>
      <p class="usage__sum">
        <strong class="number">{formatBytes(usage.usedBytes)}</strong> used
        {hasTotal ? (
          <>
            {' '}
            of <span class="number">{formatBytes(usage.totalBytes)}</span>
          </>
        ) : null}
      </p>
      {hasTotal ? <Meter usage={usage} share={share} /> : null}
      <Legend usage={usage} />
      <QuotaWords usage={usage} share={share} />
      <Outlook usage={usage} />
      <p class="muted small">
        {SOURCE_WORDS[usage.source]} <When at={usage.measuredAt} />
      </p>
      <ByPlan usage={usage} />
    </section>
  );
}

/** When it will be full and what more would cost: sentences, since each is said only where it is known. */
function Outlook({ usage }: { usage: Usage }): JSX.Element | null {
  const now = useNow();
  const { forecast, overage, price } = usage;
  const words = priceWords(usage);
  const sentences = [
    forecast &&
      `Full ${forecastWords(forecast, now)} at ${formatBytes(forecast.bytesPerDay)} a day, by the last ${forecast.days} days.`,
    overage &&
      overage.usedBytes > 0 &&
      `${formatBytes(overage.usedBytes)} beyond what is included: ${overage.costPerMonth ?? '?'} ${price?.currency ?? ''} a month.`,
    overage &&
      words &&
      `Up to ${formatBytes(overage.limitBytes)} more for ${words}: ${LIMIT_WORDS[policyOf(usage)]}`,
  ].filter((sentence) => typeof sentence === 'string');
  if (sentences.length === 0) return null;
  return (
    <div class="usage__outlook" data-outlook>
      {sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
    </div>
  );
}

const policyOf = ({ policy }: Usage) => policy?.atLimit ?? 'stop';
const LIMIT_WORDS = {
  stop: 'not used unless you allow it in the settings.',
  'make-room': 'not used unless you allow it in the settings.',
  pay: 'used up to the amount in the settings.',
} as const;

/** Largest first, each with its share of what all plans keep. */
function ByPlan({ usage }: { usage: Usage }): JSX.Element | null {
  if (usage.byPlan.length < 2) return null;
  const plans = usage.byPlan.toSorted((a, b) => b.storedBytes - a.storedBytes);
  const largest = Math.max(1, plans[0]?.storedBytes ?? 0);
  return (
    <dl class="legend legend--plans">
      {plans.map((plan) => (
        <div key={plan.planId} class="usage__plan">
          <dt>
            <Foreign text={plan.planName} max={60} />
          </dt>
          <dd class="number" title={nextText(plan, usage)}>
            {formatBytes(plan.storedBytes)}
          </dd>
          <dd
            class="usage__share"
            aria-hidden="true"
            style={{ width: `${(plan.storedBytes / largest) * 100}%` }}
          />
        </div>
      ))}
    </dl>
  );
}

const nextText = (plan: Usage['byPlan'][number], usage: Usage): string =>
  plan.nextBytes === undefined
    ? ''
    : `next snapshot about ${formatBytes(plan.nextBytes)}${nextVerdictWords(plan, usage)}`;

const reclaimableOf = ({ reclaimableBytes, usedBytes }: Usage) => Math.min(reclaimableBytes, usedBytes);

function Meter({ usage, share }: { usage: Usage; share: number }): JSX.Element {
  const { usedBytes, totalBytes, freeBytes } = usage;
  const reclaimable = reclaimableOf(usage);
  const widthOf = (bytes: number) => `${(bytes / Math.max(totalBytes, usedBytes, 1)) * 100}%`;
  return (
    <div
      class={`meter meter--${meterTone(usage, share)}`}
      role="meter"
      aria-label="Storage used"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.min(100, Math.round(share * 100))}
      aria-valuetext={`${formatBytes(usedBytes)} of ${formatBytes(totalBytes)} used, ${formatBytes(freeBytes)} free`}
    >
      <span class="meter__kept" style={{ width: widthOf(usedBytes - reclaimable) }} />
      <span class="meter__reclaimable" style={{ width: widthOf(reclaimable) }} />
    </div>
  );
}

function Legend({ usage }: { usage: Usage }): JSX.Element {
  const reclaimable = reclaimableOf(usage);
  const line = (name: string, label: string, bytes: number) => (
    <div>
      <dt class={`legend__${name}`}>{label}</dt>
      <dd class="number">{formatBytes(bytes)}</dd>
    </div>
  );
  return (
    <dl class="legend">
      {line('kept', 'Kept for snapshots', usage.usedBytes - reclaimable)}
      {reclaimable === 0 ? null : line('reclaimable', 'A clean-up may free', reclaimable)}
      {usage.totalBytes > 0 ? line('free', 'Free', usage.freeBytes) : null}
    </dl>
  );
}

function meterTone(usage: Usage, share: number): 'good' | 'warning' | 'error' {
  if (takesNoMore(usage)) return 'error';
  return share >= FILLING ? 'warning' : 'good';
}

function QuotaWords({ usage, share }: { usage: Usage; share: number }): JSX.Element | null {
  if (takesNoMore(usage)) {
    return (
      <p class="usage__words usage__words--error">
        <Icon name="error" size={18} />
        <span>
          <strong>Your existing backups are safe.</strong> New data is not being uploaded until there is room
          again: free some space or get more in your Space.
        </span>
      </p>
    );
  }
  if (share < FILLING) return null;
  return (
    <p class="usage__words usage__words--warning">
      <Icon name="warning" size={18} />
      <span>{share >= NEARLY_FULL ? 'Nearly full.' : 'Filling up.'} Backups go on while there is room.</span>
    </p>
  );
}
