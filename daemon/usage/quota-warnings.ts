import type { Usage } from '../../contract/index.ts';

export interface UsageHealth {
  raise(condition: { code: string; level: 'warning' | 'error'; message: string; hint?: string }): void;
  clear(code: string): void;
}

const LEVELS_PERCENT = [100, 90, 80] as const;

/** A total of 0 is what a Space says that has no figure; what it may refuse it says by `canBackup`. */
export const isQuotaKnown = ({ source, totalBytes }: Usage): boolean => source === 'space' && totalBytes > 0;

/** A level is left only when the use is this much below it: a figure that hovers around it warns once. */
const LEAVE_PERCENT = 2;

/**
 * The level that was reached: one of 80, 90, 100, or undefined.
 * @param before the level of the last reading
 */
export function quotaLevel(usage: Usage, before: number | undefined): number | undefined {
  if (!isQuotaKnown(usage)) return undefined;
  const usedPercent = (usage.usedBytes * 100) / usage.totalBytes;
  const reached = LEVELS_PERCENT.find((percent) => usedPercent >= percent);
  const held = LEVELS_PERCENT.find((percent) => percent === before && usedPercent >= percent - LEAVE_PERCENT);
  return Math.max(reached ?? 0, held ?? 0) || undefined;
}

/** One warning per level: its text names the level, not the exact figure, so that it is raised once. */
export function settleQuota(health: UsageHealth, usage: Usage, level: number | undefined): void {
  if (level === undefined) health.clear('quota');
  else {
    health.raise({
      code: 'quota',
      level: level === 100 ? 'error' : 'warning',
      message:
        level === 100
          ? 'the storage at Olares Space is full'
          : `${level} % of the storage at Olares Space are used`,
      hint: 'your snapshots are safe; see `olares-backup usage` for what helps',
    });
  }
  // A full storage is told above.
  if (usage.canBackup || level === 100) health.clear('backup_not_allowed');
  else {
    health.raise({
      code: 'backup_not_allowed',
      level: 'error',
      message: 'Olares Space does not accept backups of this account',
      hint: 'choose a storage plan at Olares Space',
    });
  }
}
