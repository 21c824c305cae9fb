import type { Usage } from '../../contract/index.ts';
import { formatBytes, formatRelative } from './format.ts';
import type { Printer } from './printer.ts';
import type { Style } from './style.ts';

const BAR_WIDTH = 40;

/** `3.2 GiB of 10 GiB used, measured by Space 2 minutes ago`. */
export function usageLine(usage: Usage, now: number): string {
  const source = usage.source === 'space' ? 'measured by Space' : "counted by this machine's own records";
  const total = usage.totalBytes > 0 ? ` of ${formatBytes(usage.totalBytes)}` : '';
  return `${formatBytes(usage.usedBytes)}${total} used, ${source} ${formatRelative(usage.measuredAt, now)}`;
}

export function usageLines(usage: Usage, print: Printer, now: number): string[] {
  const { style } = print;
  return [
    usageLine(usage, now),
    ...(usage.totalBytes > 0 ? [meter(usage, style)] : []),
    ...(usage.canBackup
      ? []
      : [style.bad('No new data is uploaded. Your existing snapshots are safe and can be restored.')]),
    '',
    ...print.fields([
      ['Free', usage.totalBytes > 0 ? formatBytes(usage.freeBytes) : undefined],
      [
        'Reclaimable',
        usage.reclaimableBytes > 0
          ? `${formatBytes(usage.reclaimableBytes)} that no snapshot needs`
          : undefined,
      ],
    ]),
    ...(usage.byPlan.length === 0
      ? []
      : [
          '',
          ...print.table(usage.byPlan, [
            { title: 'PLAN', cell: ({ planName }) => planName, shrinks: true },
            { title: 'STORED', cell: ({ storedBytes }) => formatBytes(storedBytes), align: 'right' },
          ]),
        ]),
  ];
}

function meter({ usedBytes, totalBytes }: Usage, style: Style): string {
  const fraction = usedBytes / totalBytes;
  const filled = Math.min(BAR_WIDTH, Math.ceil(fraction * BAR_WIDTH));
  const paint = fraction >= 1 ? style.bad : fraction >= 0.8 ? style.warn : style.good;
  return `[${paint('█'.repeat(filled))}${style.dim('░'.repeat(BAR_WIDTH - filled))}] ${Math.floor(fraction * 100)} %`;
}
