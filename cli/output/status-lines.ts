import {
  cleanText,
  type HealthCondition,
  type HealthLevel,
  type Job,
  type Link,
  type Status,
} from '../../contract/index.ts';
import { askedLine } from './command-lines.ts';
import { formatRelative, formatSpan, plural } from './format.ts';
import { jobTitle, type Look } from './job-lines.ts';
import { planColumns } from './plan-lines.ts';
import type { Printer } from './printer.ts';
import { describeProgress } from './progress.ts';
import type { Style } from './style.ts';
import { usageLine } from './usage-lines.ts';

const MARKS: Record<HealthLevel, string> = { good: '●', busy: '●', waiting: '◌', warning: '▲', error: '■' };

/** The page a person reads first: one sentence, what is wrong, what runs, what waits, the plans. */
export function statusLines(status: Status, print: Printer): string[] {
  const look: Look = { style: print.style, now: status.now };
  const level = MARKS[status.level] === undefined ? 'warning' : status.level;
  const head = paintLevel(level, print.style)(`${MARKS[level]} ${level}`);
  return [
    `${head}  ${print.style.bold(cleanText(status.sentence))}`,
    ...status.conditions.flatMap((condition) => conditionLines(condition, look)),
    ...section(status.asked.map((command) => askedLine(command, look))),
    ...section(status.requests.map((request) => requestLine(request, look))),
    ...section(status.jobs.map((job) => jobLine(job, look))),
    '',
    ...(status.plans.length > 0
      ? print.table(status.plans, planColumns(look))
      : ['No plan yet. Add one: olares-backup plan add NAME --path DIR']),
    '',
    ...print.fields([
      ['Machine', status.machine],
      ['Account', accountText(status)],
      ['Space', linkText(status.link, look.now)],
      ['Usage', status.usage ? usageLine(status.usage, look.now) : undefined],
    ]),
  ];
}

export function paintLevel(level: HealthLevel | 'ok', style: Style): (text: string) => string {
  if (level === 'error') return style.bad;
  return level === 'warning' || level === 'waiting' ? style.warn : style.good;
}

export function conditionLines(
  { level, message, hint, since }: HealthCondition,
  { style, now }: Look,
): string[] {
  const mark = paintLevel(level, style)(`  ${MARKS[level]} ${level}`);
  return [
    `${mark}: ${cleanText(message)} ${style.dim(`(for ${formatSpan(now - since)})`)}`,
    ...(hint === undefined ? [] : [`      ${style.dim('way out:')} ${cleanText(hint)}`]),
  ];
}

function section(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', ...lines];
}

function requestLine(
  { code, origin, planName, expiresAt, state }: Status['requests'][number],
  { style, now }: Look,
): string {
  const what = planName === undefined ? 'a restore' : `a restore of ${cleanText(planName)}`;
  const asked = origin === 'space' ? `Space asks for ${what}` : `${what} is prepared`;
  const code4 = cleanText(code, 40);
  return state === 'proposed' || state === 'opened'
    ? `  ${style.bold(code4)}  ${asked}; answer it with: ${style.link(`olares-backup restore ${code4}`)} (expires ${formatRelative(expiresAt, now)})`
    : `  ${style.bold(code4)}  ${what}: ${cleanText(state, 40)}`;
}

function jobLine(job: Job, { style }: Look): string {
  const reason = job.reason === undefined ? '' : `: ${cleanText(job.reason)}`;
  const moves = job.progress && job.state === 'running' ? ` ${describeProgress(job.progress)}` : '';
  return `  ${style.bold(jobTitle(job))} ${cleanText(job.state, 40)}${reason}${moves}`;
}

function accountText({ account }: Status): string {
  if (!account) return 'not signed in (olares-backup login)';
  const name = account.olaresName ?? account.userid;
  return `${name} at ${account.spaceUrl}${account.state === 'signed-in' ? '' : ' — sign in again'}`;
}

function linkText({ state, reason, since, pendingReports }: Link, now: number): string {
  const why = reason === undefined ? '' : `: ${reason}`;
  const waiting = pendingReports === 0 ? '' : `, ${plural(pendingReports, 'report')} to deliver`;
  return `${state} for ${formatSpan(now - since)}${why}${waiting}`;
}
