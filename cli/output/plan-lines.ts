import { quotaPolicyWords, type LimitRule, type Plan } from '../../contract/index.ts';
import { formatBytes, formatCount, formatMoment, formatRelative, formatTime } from './format.ts';
import type { Look } from './job-lines.ts';
import type { Printer } from './printer.ts';
import { locationText, scheduleText } from './schedule-text.ts';
import type { Column } from './table.ts';

/** The table of plans. The last good time stands apart from the last try: a green word may be old. */
export function planColumns({ style, now }: Look): Column<Plan>[] {
  const ago = (at: number | undefined) => (at === undefined ? 'never' : formatRelative(at, now));
  return [
    { title: 'PLAN', cell: ({ name }) => name, shrinks: true, paint: style.bold },
    {
      title: 'STATE',
      cell: ({ state }) => state,
      paint: (text, { state }) => (state === 'armed' ? text : style.warn(text)),
    },
    { title: 'LAST GOOD', cell: ({ lastGoodAt }) => ago(lastGoodAt) },
    { title: 'LAST TRY', cell: ({ lastTryAt }) => ago(lastTryAt) },
    { title: 'NEXT', cell: (plan) => nextText(plan, now) },
    { title: 'SCHEDULE', cell: ({ schedule }) => scheduleText(schedule), shrinks: true },
    { title: 'SNAPSHOTS', cell: ({ snapshotCount }) => formatCount(snapshotCount), align: 'right' },
    { title: 'STORED', cell: ({ storedBytes }) => formatBytes(storedBytes), align: 'right' },
    { title: 'LOCATION', cell: ({ location }) => locationText(location), shrinks: true },
  ];
}

function nextText({ state, nextDueAt, schedule }: Plan, now: number): string {
  if (state !== 'armed') return state === 'paused' ? 'paused' : 'not set up';
  if (nextDueAt === undefined) return schedule.kind === 'manual' ? 'by hand' : '—';
  return nextDueAt <= now ? 'due now' : formatRelative(nextDueAt, now);
}

/** Everything about one plan. */
export function planLines(plan: Plan, print: Printer, now: number): string[] {
  const moment = (at: number | undefined) => (at === undefined ? 'never' : formatMoment(at, now));
  return print.fields([
    ['Plan', plan.name],
    ['Id', plan.id],
    ['State', plan.state],
    ...plan.paths.map((path, index): [string, string] => [index === 0 ? 'Saves' : '', path]),
    ...plan.excludes.map((pattern, index): [string, string] => [index === 0 ? 'Except' : '', pattern]),
    ['Schedule', `${scheduleText(plan.schedule)}, ${plan.zone}`],
    ['Next', plan.nextDueAt === undefined ? undefined : formatMoment(plan.nextDueAt, now, plan.zone)],
    ['Last good', moment(plan.lastGoodAt)],
    ['Last try', moment(plan.lastTryAt)],
    [
      'Password',
      plan.passwordProvenAt === undefined ? undefined : `last typed right ${moment(plan.passwordProvenAt)}`,
    ],
    ['Location', locationText(plan.location)],
    ...limitLines(plan),
    ['At limit', plan.quotaPolicy === undefined ? undefined : quotaPolicyWords(plan.quotaPolicy)],
    ['Repository', plan.repository?.address],
    ['Repository id', plan.repository?.id],
    ['Snapshots', `${formatCount(plan.snapshotCount)}, ${formatBytes(plan.storedBytes)} stored`],
    ...plan.keys.map(({ role, id, createdAt }): [string, string] => [
      `Key (${role})`,
      `${id.slice(0, 8)} of ${formatTime(createdAt)}`,
    ]),
  ]);
}

export function limitLines({ limits, zone }: Pick<Plan, 'limits' | 'zone'>): [string, string][] {
  const text = (rules: readonly LimitRule[] = []) =>
    rules.map(({ kibPerSecond, from, to }) => {
      const rate = kibPerSecond === undefined ? 'no limit' : `${formatBytes(kibPerSecond * 1024)}/s`;
      return from === undefined ? rate : `${from}-${to} ${rate}`;
    });
  const line = (label: string, rules: readonly LimitRule[] | undefined): [string, string][] =>
    rules && rules.length > 0 ? [[label, `${text(rules).join(', ')} (${zone})`]] : [];
  return [...line('Upload limit', limits?.upload), ...line('Download limit', limits?.download)];
}
