import type { JSX } from 'preact';
import { useCallback, useState } from 'preact/hooks';
import type { AgentEvent, Job } from '../../../contract/index.ts';
import { Badge, Empty, Fault, Foreign, Loading, When } from '../components/basics.tsx';
import { Icon } from '../components/icon.tsx';
import { formatDuration } from '../format/time.ts';
import { JOB_CAUSE_WORDS, JOB_KIND_WORDS, JOB_STATE_WORDS, wordingOf } from '../format/words.ts';
import { withNewest } from '../home/run-history.tsx';
import { jobHref } from '../route.ts';
import { useAgent, useEvents, useLoaded } from '../state/context.ts';
import { resultWords } from './result-words.ts';

const FIRST_LIMIT = 100;
/** The most that the agent lists. */
const LAST_LIMIT = 1000;

/** What was done and how it ended, newest first. */
export function JobsPage(): JSX.Element {
  const { client } = useAgent();
  const [limit, setLimit] = useState(FIRST_LIMIT);
  const loaded = useLoaded(String(limit), () => client.call('listJobs', { query: { limit } }));
  const { change } = loaded;
  const take = useCallback((event: AgentEvent) => {
    if (event.kind === 'job.state') change((old) => withNewest(old, event.body.job));
  }, []);
  useEvents(take);
  const jobs = loaded.value;
  return (
    <>
      <div class="page__head">
        <h1>Jobs</h1>
      </div>
      <Fault error={loaded.error} />
      {jobs || loaded.error ? null : <Loading what="jobs" />}
      {jobs?.length === 0 ? (
        <div class="card">
          <Empty icon="waiting" title="No jobs yet">
            <p class="muted">Backups and restores are listed here, with their results.</p>
          </Empty>
        </div>
      ) : null}
      {jobs && jobs.length > 0 ? (
        <ul class="card card--list list" aria-label="Jobs, newest first">
          {jobs.map((job) => (
            <li key={job.id}>
              <JobRow job={job} />
            </li>
          ))}
        </ul>
      ) : null}
      {jobs && jobs.length >= limit && limit < LAST_LIMIT ? (
        <p class="more">
          <button type="button" class="button button--plain" onClick={() => setLimit(LAST_LIMIT)}>
            Show older jobs
          </button>
        </p>
      ) : null}
    </>
  );
}

function JobRow({ job }: { job: Job }): JSX.Element {
  const { state, kind, planName, startedAt, endedAt, createdAt, cause } = job;
  const words = resultWords(job);
  return (
    <a class="row__link row__link--job" href={jobHref(job.id)}>
      <span class="row__state">
        <Badge {...wordingOf(JOB_STATE_WORDS, state)} />
      </span>
      <span class="row__main">
        <strong>
          {JOB_KIND_WORDS[kind] ?? 'Job'}
          {planName === undefined ? null : (
            <>
              {' '}
              · <Foreign text={planName} max={60} />
            </>
          )}
        </strong>
        <span class="muted row__second">
          {words === undefined ? (JOB_CAUSE_WORDS[cause] ?? '') : <Foreign text={words} max={200} />}
        </span>
      </span>
      <span class="row__numbers">
        <When at={startedAt ?? createdAt} />
        <span class="muted row__second number">
          {startedAt === undefined || endedAt === undefined ? '' : formatDuration(endedAt - startedAt)}
        </span>
      </span>
      <Icon name="next" size={16} />
    </a>
  );
}
