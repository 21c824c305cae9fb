import type { JSX } from 'preact';
import { useCallback } from 'preact/hooks';
import {
  JOB_END_STATES,
  type AgentEvent,
  type Job,
  type JobResult,
  type Skipped,
} from '../../../contract/index.ts';
import { Badge, Fault, Foreign, Loading, When } from '../components/basics.tsx';
import { Icon } from '../components/icon.tsx';
import { SkippedFiles } from '../components/skipped-files.tsx';
import { counted } from '../format/size.ts';
import { formatDuration } from '../format/time.ts';
import { JOB_CAUSE_WORDS, JOB_KIND_WORDS, JOB_STATE_WORDS, wordingOf } from '../format/words.ts';
import { RunningJob } from '../home/running-job.tsx';
import { useAgent, useEvents, useLoaded } from '../state/context.ts';
import { Fact, ResultFacts } from './result-facts.tsx';

/** One job from its beginning to its result, with what was left out and why. */
export function JobPage({ id }: { id: string }): JSX.Element {
  const { client } = useAgent();
  const loaded = useLoaded(id, () => client.call('getJob', { params: { job: id } }));
  const { change } = loaded;
  const take = useCallback(
    (event: AgentEvent) => {
      if (event.kind === 'job.state' && event.body.job.id === id) change(() => event.body.job);
    },
    [id],
  );
  useEvents(take);
  const job = loaded.value;
  return (
    <>
      <nav class="trail" aria-label="Way back">
        <a href="#/jobs">Jobs</a>
      </nav>
      <Fault error={loaded.error} />
      {job ? <JobDetail job={job} /> : null}
      {job || loaded.error ? null : <Loading what="the job" />}
    </>
  );
}

function JobDetail({ job }: { job: Job }): JSX.Element {
  return (
    <>
      <div class="page__head">
        <h1>
          {JOB_KIND_WORDS[job.kind] ?? 'Job'}
          {job.planName === undefined ? null : (
            <>
              {' '}
              of <Foreign text={job.planName} max={100} />
            </>
          )}
        </h1>
        <Badge {...wordingOf(JOB_STATE_WORDS, job.state)} />
      </div>
      {JOB_END_STATES.has(job.state) ? null : <RunningJob job={job} />}
      <Fault error={job.error} />
      <div class="card">
        <dl class="facts facts--grid">
          <TimeFacts job={job} />
          {job.result ? <ResultFacts result={job.result} /> : null}
        </dl>
        {job.reason === undefined || job.error ? null : (
          <p>
            <Foreign text={job.reason} max={1000} />
          </p>
        )}
      </div>
      {job.result ? <ResultLists result={job.result} /> : null}
    </>
  );
}

/** What a result says file by file. */
function ResultLists({ result }: { result: JobResult }): JSX.Element | null {
  if (result.kind === 'check') return <Lines title="Problems" lines={result.problems} />;
  return (
    <>
      <Lines title="Warnings" lines={result.warnings} />
      <SkippedCard title="Left out" skipped={result.skipped} />
      {result.kind === 'restore' ? <SkippedCard title="Not brought back" skipped={result.stripped} /> : null}
    </>
  );
}

function TimeFacts({ job }: { job: Job }): JSX.Element {
  const { startedAt, endedAt, attempt } = job;
  return (
    <>
      <Fact name="Asked for">
        <When at={job.createdAt} />, {JOB_CAUSE_WORDS[job.cause] ?? ''}
      </Fact>
      {startedAt === undefined ? null : (
        <Fact name="Started">
          <When at={startedAt} />
        </Fact>
      )}
      {endedAt === undefined ? null : (
        <Fact name="Ended">
          <When at={endedAt} />
        </Fact>
      )}
      {startedAt === undefined || endedAt === undefined ? null : (
        <Fact name="Took">{formatDuration(endedAt - startedAt)}</Fact>
      )}
      {attempt > 1 ? <Fact name="Tries">{attempt}</Fact> : null}
    </>
  );
}

function Lines({ title, lines }: { title: string; lines: readonly string[] }): JSX.Element | null {
  if (lines.length === 0) return null;
  return (
    <section class="card">
      <h2>{title}</h2>
      <ul class="lines">
        {lines.map((line, index) => (
          <li key={index}>
            <Icon name="warning" size={16} /> <Foreign text={line} max={1000} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function SkippedCard({ title, skipped }: { title: string; skipped: Skipped }): JSX.Element | null {
  if (skipped.count === 0) return null;
  return (
    <section class="card">
      <h2>
        {title}: {counted(skipped.count, 'file')}
      </h2>
      <SkippedFiles skipped={skipped} />
    </section>
  );
}
