import type { Usage } from '../../contract/index.ts';

export interface UsageHealth {
  raise(condition: { code: string; level: 'warning' | 'error'; message: string; hint?: string }): void;
  clear(code: string): void;
}

const LEVELS_PERCENT = [100, 90, 80] as const;

/** A total of 0 is what a Space says that has no figure; what it may refuse it says by `canBackup`. */
export const isQuotaKnown = ({ source, totalBytes }: Usage): boolean => source === 'space' && totalBytes > 0;

/** One warning per level: its text names the level, not the exact figure, so that it is raised once. */
export function settleQuota(health: UsageHealth, usage: Usage): void {
  const level = isQuotaKnown(usage)
    ? LEVELS_PERCENT.find((percent) => usage.usedBytes * 100 >= usage.totalBytes * percent)
    : undefined;
  if (level === undefined) health.clear('quota');
  else {
    health.raise({
      code: 'quota',
      level: level === 100 ? 'error' : 'warning',
      message:
        level === 100
          ? 'the storage at Olares Space is full'
          : `${level} % of the storage at Olares Space are used`,
      hint: 'get more storage at Olares Space, or remove plans you no longer need; see `olares-backup usage`',
    });
  }
  if (usage.canBackup) health.clear('backup_not_allowed');
  else {
    health.raise({
      code: 'backup_not_allowed',
      level: 'error',
      message: 'Olares Space does not accept backups of this account',
      hint: 'choose a storage plan at Olares Space',
    });
  }
}
