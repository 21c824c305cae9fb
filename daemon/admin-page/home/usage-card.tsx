import type { JSX } from 'preact';
import type { Usage } from '../../../contract/index.ts';
import { Foreign, When } from '../components/basics.tsx';
import { Icon } from '../components/icon.tsx';
import { formatBytes, formatPercent } from '../format/size.ts';

const NEARLY_FULL = 0.9;
const FILLING = 0.8;
const SOURCE_WORDS = { space: 'Measured by Space', ledger: "By this agent's own ledger" } as const;

/** Used, free and total, with what a clean-up could free, and how old the numbers are. */
export function UsageCard({ usage }: { usage: Usage }): JSX.Element {
  const { usedBytes, totalBytes, freeBytes, reclaimableBytes } = usage;
  const hasTotal = totalBytes > 0;
  const share = hasTotal ? usedBytes / totalBytes : 0;
  const reclaimable = Math.min(reclaimableBytes, usedBytes);
  const scale = Math.max(totalBytes, usedBytes, 1);
  return (
    <section class="card" aria-labelledby="usage-title" data-usage>
      <header class="card__head">
        <h2 id="usage-title">Storage</h2>
        {hasTotal ? <strong class="number">{formatPercent(share)}</strong> : null}
      </header>
      <p class="usage__sum">
        <strong class="number">{formatBytes(usedBytes)}</strong> used
        {hasTotal ? (
          <>
            {' '}
            of <span class="number">{formatBytes(totalBytes)}</span>
          </>
        ) : null}
      </p>
      {hasTotal ? (
        <div
          class={`meter meter--${meterTone(usage, share)}`}
          role="meter"
          aria-label="Storage used"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.min(100, Math.round(share * 100))}
          aria-valuetext={`${formatBytes(usedBytes)} of ${formatBytes(totalBytes)} used, ${formatBytes(freeBytes)} free`}
        >
          <span class="meter__kept" style={{ width: `${((usedBytes - reclaimable) / scale) * 100}%` }} />
          <span class="meter__reclaimable" style={{ width: `${(reclaimable / scale) * 100}%` }} />
        </div>
      ) : null}
      <dl class="legend">
        <div>
          <dt class="legend__kept">Kept for snapshots</dt>
          <dd class="number">{formatBytes(usedBytes - reclaimable)}</dd>
        </div>
        {reclaimable === 0 ? null : (
          <div>
            <dt class="legend__reclaimable">A clean-up may free</dt>
            <dd class="number">{formatBytes(reclaimable)}</dd>
          </div>
        )}
        {hasTotal ? (
          <div>
            <dt class="legend__free">Free</dt>
            <dd class="number">{formatBytes(freeBytes)}</dd>
          </div>
        ) : null}
      </dl>
      <QuotaWords usage={usage} share={share} />
      <p class="muted small">
        {SOURCE_WORDS[usage.source]} <When at={usage.measuredAt} />
      </p>
      {usage.byPlan.length < 2 ? null : (
        <dl class="legend legend--plans">
          {usage.byPlan.map(({ planId, planName, storedBytes }) => (
            <div key={planId}>
              <dt>
                <Foreign text={planName} max={60} />
              </dt>
              <dd class="number">{formatBytes(storedBytes)}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

const isFull = ({ usedBytes, totalBytes, canBackup }: Usage) =>
  !canBackup || (totalBytes > 0 && usedBytes >= totalBytes);

function meterTone(usage: Usage, share: number): 'good' | 'warning' | 'error' {
  if (isFull(usage)) return 'error';
  return share >= FILLING ? 'warning' : 'good';
}

function QuotaWords({ usage, share }: { usage: Usage; share: number }): JSX.Element | null {
  if (isFull(usage)) {
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
