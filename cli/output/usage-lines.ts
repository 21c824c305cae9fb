import {
  cleanText,
  forecastWords,
  nextVerdictWords,
  priceWords,
  takesNoMore,
  shellWord,
  type Usage,
} from '../../contract/index.ts';
import { formatBytes, formatRelative } from './format.ts';
import type { Printer } from './printer.ts';
import type { Style } from './style.ts';

const BAR_WIDTH = 40;
/** From here on the ways out are shown. */
const FILLING = 0.8;

/** `3.2 GiB of 10 GiB used, measured by Space 2 minutes ago`. */
export function usageLine(usage: Usage, now: number): string {
  const source = usage.source === 'space' ? 'measured by Space' : "counted by this machine's own records";
  const total = usage.totalBytes > 0 ? ` of ${formatBytes(usage.totalBytes)}` : '';
  return `${formatBytes(usage.usedBytes)}${total} used, ${source} ${formatRelative(usage.measuredAt, now)}`;
}

export function usageLines(usage: Usage, print: Printer, now: number): string[] {
  const { style } = print;
  const shareUsed = usage.totalBytes > 0 ? usage.usedBytes / usage.totalBytes : 0;
  return [
    usageLine(usage, now),
    ...(usage.totalBytes > 0 ? [meter(usage, style)] : []),
    ...(takesNoMore(usage)
      ? [style.bad('No new data is uploaded. Your existing snapshots are safe and can be restored.')]
      : []),
    '',
    ...print.fields(figures(usage, now)),
    ...planTable(usage, print),
    ...(takesNoMore(usage) || shareUsed >= FILLING ? ['', ...waysOut(usage, style)] : []),
  ];
}

function figures(usage: Usage, now: number): [string, string | undefined][] {
  const { usedBytes, reclaimableBytes, forecast } = usage;
  const isMetered = usage.totalBytes > 0;
  return [
    ['Kept', isMetered ? `${formatBytes(usedBytes - reclaimable(usage))} for snapshots` : undefined],
    [
      'Reclaimable',
      reclaimableBytes > 0
        ? `${formatBytes(reclaimable(usage))} in no snapshot: a broken run left it, the next one uses it again`
        : undefined,
    ],
    ['Free', isMetered ? formatBytes(usage.freeBytes) : undefined],
    [
      'Full',
      forecast &&
        `${forecastWords(forecast, now)}, at ${formatBytes(forecast.bytesPerDay)} a day (by the last ${forecast.days} days)`,
    ],
    ['Beyond', beyond(usage)],
    ['At limit', atLimit(usage)],
  ];
}

/** What no snapshot needs cannot be more than what is there. */
const reclaimable = ({ reclaimableBytes, usedBytes }: Usage): number => Math.min(reclaimableBytes, usedBytes);

function beyond(usage: Usage): string | undefined {
  const { overage } = usage;
  const price = priceWords(usage);
  if (!overage || price === undefined) return undefined;
  const offer = `up to ${formatBytes(overage.limitBytes)} more for ${price}`;
  if (overage.usedBytes === 0) return offer;
  return `${formatBytes(overage.usedBytes)} used, ${overage.costPerMonth ?? '?'} ${usage.price?.currency} a month; ${offer}`;
}

function atLimit({ policy }: Usage): string | undefined {
  if (!policy) return undefined;
  const words = {
    stop: 'stop, and keep what was uploaded',
    'make-room': 'stop, and say what would make room (nothing is removed unasked)',
    pay: `pay up to ${policy.payUpTo ?? 'nothing'} a month`,
  } as const;
  return words[policy.atLimit];
}

function planTable(usage: Usage, print: Printer): string[] {
  const { byPlan } = usage;
  if (byPlan.length === 0) return [];
  const largestFirst = byPlan.toSorted((a, b) => b.storedBytes - a.storedBytes);
  return [
    '',
    ...print.table(largestFirst, [
      { title: 'PLAN', cell: ({ planName }) => planName, shrinks: true },
      { title: 'STORED', cell: ({ storedBytes }) => formatBytes(storedBytes), align: 'right' },
      {
        title: 'NEXT SNAPSHOT',
        cell: (plan) =>
          plan.nextBytes === undefined
            ? ''
            : `about ${formatBytes(plan.nextBytes)}${nextVerdictWords(plan, usage)}`,
        align: 'right',
      },
    ]),
  ];
}

/** Only what really helps, and the command for it. */
function waysOut(usage: Usage, style: Style): string[] {
  const largest = usage.byPlan.toSorted((a, b) => b.storedBytes - a.storedBytes)[0];
  const name = largest ? shellWord(cleanText(largest.planName)) : 'NAME';
  const price = usage.overage && usage.policy?.atLimit !== 'pay' ? priceWords(usage) : undefined;
  return [
    style.bold('What helps'),
    '  Get more storage at your Space.',
    `  Save less:              olares-backup plan edit ${name} --exclude PATTERN`,
    '  Keep a plan elsewhere:  olares-backup plan add NAME --path DIR --location DIR',
    ...(price === undefined
      ? []
      : [`  Pay for more (${price}): set quota.atLimit to "pay" and quota.payUpTo in the settings`]),
    style.dim('  Snapshots that exist stay, and can be restored at any time.'),
  ];
}

/** Kept, reclaimable and free, as three shades that can also be told apart without colour. */
function meter(usage: Usage, style: Style): string {
  const { usedBytes, totalBytes } = usage;
  const fraction = usedBytes / totalBytes;
  const cells = (bytes: number): number => (bytes / Math.max(totalBytes, usedBytes)) * BAR_WIDTH;
  const filled = Math.min(BAR_WIDTH, Math.ceil(cells(usedBytes)));
  const loose = Math.min(filled, Math.round(cells(reclaimable(usage))));
  const paint = fraction >= 1 ? style.bad : fraction >= FILLING ? style.warn : style.good;
  const bar = `${paint('█'.repeat(filled - loose) + '▒'.repeat(loose))}${style.dim('░'.repeat(BAR_WIDTH - filled))}`;
  return `[${bar}] ${Math.floor(fraction * 100)} %`;
}
