import type { Command } from 'commander';
import { AppError } from '../../contract/index.ts';
import type { LimitFlags } from '../parse/limits.ts';
import type { ScheduleFlags } from '../parse/schedule.ts';

/** What `plan add` and `plan edit` have in common. */
export interface PlanOptions extends ScheduleFlags, LimitFlags {
  readonly path?: string[];
  readonly exclude?: string[];
  readonly timezone?: string;
  readonly quotaPolicy?: string;
}

export function addPlanOptions(command: Command): Command {
  return command
    .option('--path <dir...>', 'what to save: directories or files')
    .option('--exclude <pattern...>', "what to leave out, as restic's --exclude")
    .option('--schedule <when>', 'hourly, daily, weekly, monthly, manual, or five cron fields in quotes')
    .option('--at <time>', 'time of day, HH:MM (hourly: minute, :MM)')
    .option('--on <day>', 'day of the week, or of the month')
    .option('--timezone <zone>', "the schedule's time zone, e.g. Europe/Berlin")
    .option('--limit-upload <rate...>', 'most bytes per second, e.g. 2M, or by time: "08:00-18:00 500K"')
    .option('--limit-download <rate...>', 'the same for restores');
}

/** Of a plan whose storage has a limit. */
export function addQuotaOption(command: Command): Command {
  return command.option(
    '--quota-policy <policy>',
    'when the storage is full: stop, make-room, "pay:5 EUR" a month, or settings (default: settings)',
  );
}

/** @throws AppError `invalid_input` for a zone that this system does not know */
export function parseZone(zone: string | undefined): string | undefined {
  if (zone === undefined) return undefined;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return zone;
  } catch (error) {
    throw new AppError('invalid_input', `--timezone: "${zone}" is not known`, {
      field: '--timezone',
      hint: 'write it as region and city, e.g. Europe/Berlin, or UTC',
      cause: error,
    });
  }
}
