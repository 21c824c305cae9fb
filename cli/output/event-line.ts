import { cleanText, commandResultWords, commandWords, type AgentEvent } from '../../contract/index.ts';
import { formatBytes, formatTime } from './format.ts';
import { jobTitle } from './job-lines.ts';
import type { Style } from './style.ts';

/** One event of the log in words. */
export function eventLine(event: AgentEvent, style: Style): string {
  return `${style.dim(formatTime(event.at))}  ${cleanText(describe(event), 2000)}`;
}

function describe(event: AgentEvent): string {
  switch (event.kind) {
    case 'job.state':
    case 'snapshot.recorded':
    case 'snapshot.missing':
    case 'request.state':
      return describeWork(event);
    case 'plan.changed':
      return `plan ${event.body.plan.name} is ${event.body.plan.state}`;
    case 'plan.removed':
      return `plan ${event.body.name} was removed; its snapshots stay in ${event.body.location}`;
    case 'usage.measured':
      return `${formatBytes(event.body.usage.usedBytes)} of ${formatBytes(event.body.usage.totalBytes)} used`;
    default:
      return describeSurroundings(event);
  }
}

type WorkEvent = Extract<
  AgentEvent,
  { kind: 'job.state' | 'snapshot.recorded' | 'snapshot.missing' | 'request.state' }
>;

function describeWork(event: WorkEvent): string {
  switch (event.kind) {
    case 'job.state': {
      const { job } = event.body;
      const why = job.error?.message ?? job.reason;
      return `${jobTitle(job)}: ${job.state}${why === undefined ? '' : `, ${why}`}`;
    }
    case 'snapshot.recorded':
      return `snapshot ${event.body.snapshot.resticId.slice(0, 8)} of ${event.body.snapshot.planName} was taken`;
    case 'snapshot.missing':
      return `snapshot ${event.body.snapshot.resticId.slice(0, 8)} of ${event.body.snapshot.planName} is gone from storage`;
    case 'request.state': {
      const { code, state, reason } = event.body.request;
      return `restore request ${code} is ${state}${reason === undefined ? '' : `: ${reason}`}`;
    }
  }
}

function describeSurroundings(event: AgentEvent): string {
  switch (event.kind) {
    case 'health.raised':
      return `${event.body.condition.level}: ${event.body.condition.message}`;
    case 'health.cleared':
      return `right again: ${event.body.code}`;
    case 'link.state':
      return `link to Space is ${event.body.state}${event.body.reason === undefined ? '' : `: ${event.body.reason}`}`;
    case 'account.changed':
      return event.body.signedIn ? 'signed in' : 'signed out';
    case 'command.state': {
      const { command } = event.body;
      return `Space asks: ${commandWords(command)}: ${commandResultWords(command)}`;
    }
    case 'notice':
      return `text from Space: "${event.body.text}"`;
    default:
      // A newer daemon may tell of things that this program does not know.
      return event.kind;
  }
}
