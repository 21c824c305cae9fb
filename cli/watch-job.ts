import { setTimeout as delay } from 'node:timers/promises';
import { AppError, cleanText, JOB_END_STATES, type Job } from '../contract/index.ts';
import { readEvents, type StreamItem } from './event-stream.ts';
import { createProgressView, type ProgressView } from './output/progress.ts';
import { listenForInterrupts, type InterruptWish } from './interrupts.ts';
import type { Session } from './session.ts';

/** How long a daemon that went away may take to come back before the view ends. */
const RECONNECT_MS = 60_000;
const RECONNECT_PAUSE_MS = 500;

/**
 * Shows a job until it ends, over restarts of the daemon.
 * @throws AppError `cancelled` when the person left the view; the job goes on then
 */
export async function watchJob(session: Session, jobId: string, wish: InterruptWish): Promise<Job> {
  const { runtime, quiet, print, api, interactive } = session;
  const view = await createProgressView({ stderr: runtime.stderr, quiet, now: runtime.now });
  const left = new AbortController();
  const stopListening = listenForInterrupts(runtime, {
    wish,
    isPatient: interactive,
    leave: () => left.abort(),
    say: (text) => {
      view.clear();
      print.note(text);
    },
    stop: () => {
      api.call('cancelJob', { params: { job: jobId } }).catch((error: unknown) => {
        print.warn(
          `it could not be asked to stop: ${error instanceof Error ? error.message : String(error)}`,
        );
      });
    },
  });
  try {
    return await follow(session, jobId, { view, signal: left.signal });
  } finally {
    stopListening();
    view.clear();
  }
}

interface Watcher {
  readonly view: ProgressView;
  readonly signal: AbortSignal;
}

async function follow(session: Session, jobId: string, watcher: Watcher): Promise<Job> {
  // The number is read before the job, so that nothing between the two is missed.
  let seq = (await session.api.call('getStatus')).eventSeq;
  let job = await session.api.call('getJob', { params: { job: jobId } });
  tellState(session, watcher.view, job);
  while (!needsNoWatch(session, job)) {
    for await (const item of eventsWhileThere(session, seq, watcher.signal)) {
      if (item.type === 'event') seq = item.event.seq;
      else if (item.progress.jobId === job.id) watcher.view.show(item.progress);
      const next = jobIn(item, job.id);
      if (!next) continue;
      job = next;
      tellState(session, watcher.view, job);
      if (needsNoWatch(session, job)) break;
    }
    if (watcher.signal.aborted) throw leftView(job);
    if (!needsNoWatch(session, job)) job = await lookAgain(session, job, watcher);
  }
  return job;
}

/** The stream until it ends; a daemon that is just not there is such an end, too. */
async function* eventsWhileThere(
  session: Session,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<StreamItem> {
  try {
    yield* readEvents(session.transport, after, signal);
  } catch (error) {
    if (!signal.aborted && !isAway(error)) throw error;
  }
}

function isAway(error: unknown): boolean {
  return error instanceof AppError && error.code === 'daemon_not_running';
}

function jobIn(item: StreamItem, jobId: string): Job | undefined {
  if (item.type !== 'event' || item.event.kind !== 'job.state') return undefined;
  return item.event.body.job.id === jobId ? item.event.body.job : undefined;
}

function needsNoWatch({ interactive }: Session, job: Job): boolean {
  // It may be tried again for days; a script must hear of it now.
  if (job.state === 'waiting' && job.error !== undefined) return !interactive;
  // An interrupted restore waits for a person, so nothing more will happen to see.
  return JOB_END_STATES.has(job.state) || (job.state === 'interrupted' && job.kind === 'restore');
}

function tellState(session: Session, view: ProgressView, job: Job): void {
  if (job.state !== 'waiting' && job.state !== 'interrupted') return;
  view.clear();
  session.print.note(`${job.state}${job.reason === undefined ? '' : `: ${cleanText(job.reason)}`}`);
}

async function lookAgain(session: Session, job: Job, { view, signal }: Watcher): Promise<Job> {
  const { print, runtime, place } = session;
  const giveUpAt = runtime.now() + RECONNECT_MS;
  for (let told = false; ; told = true) {
    if (signal.aborted) throw leftView(job);
    await delay(RECONNECT_PAUSE_MS);
    try {
      const found = await session.api.call('getJob', { params: { job: job.id } });
      if (told) print.note('The agent is back.');
      return found;
    } catch (error) {
      if (!isAway(error)) throw error;
      if (runtime.now() > giveUpAt) throw stayedAway(error, session, job);
      if (told) continue;
      view.clear();
      print.note('The agent is not there any more; waiting a minute for it.');
      print.note(`Start it with: ${place.startCommand}; to look again later: ${watchCommand(job)}`);
    }
  }
}

function stayedAway(cause: unknown, { place }: Session, job: Job): AppError {
  const message = `the agent did not come back; what became of the ${job.kind} is not known`;
  return new AppError('daemon_not_running', message, {
    hint: `start it with: ${place.startCommand}; then look: ${watchCommand(job)}`,
    cause,
  });
}

function leftView(job: Job): AppError {
  const goes = job.state === 'cancelling' ? 'was asked to stop, and ends by itself' : 'goes on by itself';
  return new AppError('cancelled', `left the view; the ${job.kind} ${goes}`, {
    hint: watchCommand(job),
  });
}

const watchCommand = ({ id }: Job): string => `olares-backup job watch ${id}`;
