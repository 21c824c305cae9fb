import {
  AppError,
  cleanText,
  type Location,
  type NewPlan,
  type PlanChange,
  type PlanLimits,
  type Schedule,
} from '../../contract/index.ts';
import type { PlanRow } from '../store/plan-table.ts';
import { validPlanName } from './plan-name.ts';
import { checkLocation, validSources } from './plan-paths.ts';

export type NextDueAt = (schedule: Schedule, zone: string, planId: string) => number | null;

export interface PlanInputOptions {
  readonly stateDir: string;
  /** Zone of plans that name none: the machine's. */
  readonly defaultZone: string;
  /**
   * Next run after now; null: never by itself.
   * @throws AppError `invalid_input` when there can be none, naming what is wrong with the schedule
   */
  readonly nextDueAt: NextDueAt;
}

/** What a person decides about a plan. */
export type PlanChoice = Pick<
  PlanRow,
  'name' | 'paths' | 'excludes' | 'schedule' | 'zone' | 'location' | 'limits' | 'quotaPolicy'
>;

const DEFAULT_SCHEDULE: Schedule = { kind: 'daily', at: '04:00' };
const DEFAULT_LOCATION: Location = { kind: 'space' };

/** @throws AppError `invalid_input` naming field, value and way out */
export function newChoice(input: NewPlan, options: PlanInputOptions, { mayMiss = false } = {}): PlanChoice {
  const { location = DEFAULT_LOCATION } = input;
  const none = { limits: null, quotaPolicy: null };
  const defaults = { excludes: [], schedule: DEFAULT_SCHEDULE, zone: options.defaultZone, ...none };
  return checkedChoice({ ...defaults, ...defined(input), location }, options, { mayMiss });
}

/** @throws AppError `invalid_input` naming field, value and way out */
export function changedChoice(row: PlanRow, change: PlanChange, options: PlanInputOptions): PlanChoice {
  const { name, paths, excludes, schedule, zone, limits, quotaPolicy } = row;
  const { hostKeys, ...given } = change;
  const location = hostKeys ? withHostKeys(row.location, hostKeys) : row.location;
  const next = { name, paths, excludes, schedule, zone, location, limits, quotaPolicy, ...defined(given) };
  return checkedChoice(next, options, { pathsGiven: change.paths !== undefined });
}

function checkedChoice(
  choice: PlanChoice,
  options: PlanInputOptions,
  { pathsGiven = true, mayMiss = false },
): PlanChoice {
  const name = validPlanName(choice.name);
  // Sources that went away since (an unplugged disk) must not keep a person from changing something else.
  const paths = pathsGiven ? validSources(choice.paths, options.stateDir, { mayMiss }) : choice.paths;
  checkLocation(choice.location, paths, options.stateDir);
  checkZone(choice.zone);
  options.nextDueAt(choice.schedule, choice.zone, '');
  const limits = choice.limits === null ? null : validLimits(choice.limits);
  const quotaPolicy = choice.quotaPolicy === 'settings' ? null : choice.quotaPolicy;
  return { ...choice, name, paths, excludes: validExcludes(choice.excludes), limits, quotaPolicy };
}

function withHostKeys(location: Location, hostKeys: string[]): Location {
  if (location.kind === 'sftp') return { ...location, hostKeys };
  throw new AppError('invalid_input', 'only a location behind SFTP has host keys', { field: 'hostKeys' });
}

/** Rules with half a time would hold never, and nobody would see why. */
function validLimits(limits: PlanLimits): PlanLimits | null {
  const rules = [...(limits.upload ?? []), ...(limits.download ?? [])];
  const half = rules.find(
    ({ from, to }) => (from === undefined) !== (to === undefined) || (from && from === to),
  );
  if (half) {
    throw new AppError('invalid_input', 'a limit needs both ends of its time, and they must differ', {
      field: 'limits',
      hint: 'for instance 08:00-18:00',
    });
  }
  return rules.length === 0 ? null : limits;
}

function validExcludes(excludes: readonly string[]): string[] {
  for (const pattern of excludes) {
    if (pattern.trim() !== '' && !/[\0\r\n]/.test(pattern)) continue;
    const fault = pattern.trim() === '' ? 'is empty' : 'contains a line break or NUL';
    throw new AppError('invalid_input', `the exclude pattern "${cleanText(pattern, 200)}" ${fault}`, {
      field: 'excludes',
      hint: 'give a pattern such as "*.tmp" or "/home/*/cache"',
    });
  }
  return [...new Set(excludes)];
}

function checkZone(zone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch (error) {
    throw new AppError('invalid_input', `"${cleanText(zone, 80)}" is not a time zone`, {
      field: 'zone',
      hint: 'use an IANA name such as Europe/Berlin',
      cause: error,
    });
  }
}

function defined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
