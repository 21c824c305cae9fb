import type { JSX } from 'preact';
import { useCallback } from 'preact/hooks';
import { cleanText, type AgentEvent, type Job } from '../../../contract/index.ts';
import { JOB_STATE_WORDS, wordingOf } from '../format/words.ts';
import { formatAbsolute } from '../format/time.ts';
import { jobHref } from '../route.ts';
import { useAgent, useEvents, useLoaded } from '../state/context.ts';

const SHOWN = 30;

/** The newest backups of a plan, newest first, kept current by events. */
export function useRuns(planId: string): readonly Job[] {
  const { client } = useAgent();
  const loaded = useLoaded(planId, () => client.call('listJobs', { query: { plan: planId, limit: SHOWN } }));
  const { change } = loaded;
  const take = useCallback(
    (event: AgentEvent) => {
      if (event.kind !== 'job.state' || event.body.job.planId !== planId) return;
      change((old) => withNewest(old, event.body.job).slice(0, SHOWN));
    },
    [planId],
  );
  useEvents(take);
  return (loaded.value ?? []).filter(({ kind }) => kind === 'backup');
}

/** A list of jobs, newest first, with this one changed or put at its head. */
export function withNewest(jobs: readonly Job[], job: Job): Job[] {
  return jobs.some(({ id }) => id === job.id)
    ? jobs.map((known) => (known.id === job.id ? job : known))
    : [job, ...jobs];
}

/** One mark for each of the last runs, oldest first; height and word tell the outcome, not the colour alone. */
export function RunHistory({
  runs,
  planName,
}: {
  runs: readonly Job[];
  planName: string;
}): JSX.Element | null {
  if (runs.length < 2) return null;
  return (
    <>
      <p class="history-label muted small">Last {runs.length} runs</p>
      <ol class="history" aria-label={`Last runs of ${cleanText(planName)}`}>
        {[...runs].reverse().map((run) => {
          const { tone, word } = wordingOf(JOB_STATE_WORDS, run.state);
          const text = `${word}, ${formatAbsolute(run.startedAt ?? run.createdAt)}`;
          return (
            <li key={run.id}>
              <a
                class={`history__run history__run--${tone}`}
                href={jobHref(run.id)}
                title={text}
                aria-label={text}
              />
            </li>
          );
        })}
      </ol>
    </>
  );
}
