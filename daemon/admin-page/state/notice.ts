import {
  cleanText,
  commandWords,
  type AgentEvent,
  type Job,
  type Snapshot,
} from '../../../contract/index.ts';
import { counted, formatBytes } from '../format/size.ts';
import { JOB_KIND_WORDS } from '../format/words.ts';

/** A short message about something that happened while the page was open. */
export interface Notice {
  /** The event's number. */
  readonly id: number;
  readonly tone: 'good' | 'warning' | 'error' | 'info';
  readonly text: string;
  /** Where the page tells more. */
  readonly href?: string;
}

/** What of an event a person who looks at another part of the page should hear. */
export function noticeOf(event: AgentEvent): Notice | undefined {
  const id = event.seq;
  switch (event.kind) {
    case 'snapshot.recorded':
      return {
        id,
        tone: 'good',
        text: snapshotText(event.body.snapshot),
        href: `#/snapshots/${event.body.snapshot.id}`,
      };
    case 'job.state':
      return jobNotice(id, event.body.job);
    case 'request.state':
      return event.body.request.state === 'proposed'
        ? {
            id,
            tone: 'info',
            text: `A restore was requested: ${cleanText(event.body.request.code)}`,
            href: '#/',
          }
        : undefined;
    case 'command.state':
      return event.body.command.status === 'waiting'
        ? { id, tone: 'info', text: `Space asks: ${cleanText(commandWords(event.body.command))}`, href: '#/' }
        : undefined;
    case 'notice':
      return { id, tone: 'info', text: `Message from Space: ${cleanText(event.body.text)}` };
    default:
      return undefined;
  }
}

function snapshotText({ planName, filesTotal, bytesTotal, addedBytes }: Snapshot): string {
  const facts = [
    filesTotal === undefined ? undefined : counted(filesTotal, 'file'),
    bytesTotal === undefined ? undefined : formatBytes(bytesTotal),
    addedBytes === undefined ? undefined : `${formatBytes(addedBytes)} added`,
  ].filter((fact) => fact !== undefined);
  return `New snapshot of ${cleanText(planName)}${facts.length > 0 ? `: ${facts.join(', ')}` : ''}`;
}

function jobNotice(id: number, job: Job): Notice | undefined {
  const href = `#/jobs/${job.id}`;
  const what = `${JOB_KIND_WORDS[job.kind] ?? 'Job'}${job.planName === undefined ? '' : ` of ${cleanText(job.planName)}`}`;
  if (job.state === 'failed') {
    return {
      id,
      tone: 'error',
      text: `${what} failed: ${cleanText(job.error?.message ?? job.reason ?? 'no reason given')}`,
      href,
    };
  }
  if (job.state === 'succeeded' && job.kind === 'restore')
    return { id, tone: 'good', text: `${what} is done`, href };
  return undefined;
}
