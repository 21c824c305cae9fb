import type { JSX } from 'preact';
import type { Job } from '../../../contract/index.ts';
import { ActionButton, Badge, Fault, Foreign, When } from '../components/basics.tsx';
import { JobProgress } from '../components/progress-bar.tsx';
import { JOB_CAUSE_WORDS, JOB_STATE_WORDS, runningWord, wordingOf } from '../format/words.ts';
import { jobHref } from '../route.ts';
import { withJob } from '../state/apply-event.ts';
import { useAction, useAgent, useAgentState } from '../state/context.ts';

const CANCELLABLE: ReadonlySet<Job['state']> = new Set(['queued', 'waiting', 'running', 'interrupted']);
const MOVING: ReadonlySet<Job['state']> = new Set(['running', 'cancelling']);

/** A job that has not ended: what it does, how far it is, and a way to stop it. */
export function RunningJob({ job }: { job: Job }): JSX.Element {
  const agent = useAgent();
  const progress = useAgentState((state) => state.progress[job.id]) ?? job.progress;
  const cancel = useAction(async () => {
    const answer = await agent.client.call('cancelJob', { params: { job: job.id } });
    agent.apply((status) => withJob(status, answer));
  });
  const subject = job.planName ?? 'a snapshot';
  return (
    <article class="card" data-job={job.id}>
      <header class="card__head">
        <h3>
          <a href={jobHref(job.id)}>
            {runningWord(job)} <Foreign text={subject} max={100} />
          </a>
        </h3>
        <Badge {...wordingOf(JOB_STATE_WORDS, job.state)} />
      </header>
      {MOVING.has(job.state) ? (
        <JobProgress progress={progress} label={`${runningWord(job)} ${subject}`} />
      ) : (
        <p class="muted">
          {job.reason === undefined ? 'Starts when it is its turn' : <Foreign text={job.reason} max={500} />}
          {job.notBeforeAt === undefined ? null : (
            <>
              {' '}
              · next try <When at={job.notBeforeAt} />
            </>
          )}
        </p>
      )}
      <footer class="card__foot">
        <span class="muted">
          Started <When at={job.startedAt ?? job.createdAt} />,{' '}
          {JOB_CAUSE_WORDS[job.cause] ?? 'cause unknown'}
        </span>
        {CANCELLABLE.has(job.state) ? (
          <ActionButton action={cancel} label="Cancel" busyLabel="Stopping…" describes={subject} />
        ) : null}
      </footer>
      <Fault error={cancel.error} />
    </article>
  );
}
