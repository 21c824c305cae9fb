import type { JSX } from 'preact';
import {
  cleanText,
  isEndedByEstimate,
  JOB_END_STATES,
  quotaPolicyWords,
  type Job,
  type Plan,
} from '../../../contract/index.ts';
import { ActionButton, Badge, Fault, Foreign, When } from '../components/basics.tsx';
import { counted, formatBytes } from '../format/size.ts';
import { locationWords, PLAN_STATE_WORDS, scheduleWords, wordingOf } from '../format/words.ts';
import { snapshotsHref } from '../route.ts';
import { withJob, withPlan } from '../state/apply-event.ts';
import { useAction, useAgent, type Action } from '../state/context.ts';
import { EstimateRefusal } from './estimate-refusal.tsx';
import { RunHistory, useRuns } from './run-history.tsx';

/** A try that ended this shortly after the last good one is the same one. */
const SAME_TRY_MS = 2_000;

/** One plan: what it protects, when it ran and runs, and what can be done with it here. */
export function PlanCard({ plan, activeJob }: { plan: Plan; activeJob: Job | undefined }): JSX.Element {
  const runs = useRuns(plan.id);
  const actions = usePlanActions(plan);
  const isPaused = plan.state === 'paused';
  const error = actions.backup.error ?? actions.anyway.error ?? actions.pause.error ?? actions.resume.error;
  return (
    <article class="card" data-plan={cleanText(plan.name)}>
      <header class="card__head">
        <h3>
          <Foreign text={plan.name} max={100} />
        </h3>
        <Badge
          {...wordingOf(PLAN_STATE_WORDS, plan.state)}
          {...(isPaused ? { icon: 'paused' as const } : {})}
        />
      </header>
      <PlanFacts plan={plan} runs={runs} isActive={activeJob !== undefined} />
      <RunHistory runs={runs} planName={plan.name} />
      {runs[0] && isEndedByEstimate(runs[0]) && activeJob === undefined ? (
        <EstimateRefusal plan={plan} start={actions.anyway} />
      ) : null}
      {plan.state === 'unarmed' ? (
        <p class="muted">
          Its password was not set, so it cannot run yet. Type the same <code>olares-backup plan add</code>{' '}
          again in a terminal to finish it.
        </p>
      ) : (
        <footer class="card__foot">
          <a href={snapshotsHref(plan.id)}>{counted(plan.snapshotCount, 'snapshot')}</a>
          <div class="buttons">
            <PauseButton plan={plan} pause={actions.pause} resume={actions.resume} />
            <ActionButton
              action={actions.backup}
              label={activeJob ? 'Backing up' : 'Back up now'}
              busyLabel="Starting…"
              kind="primary"
              isDisabled={activeJob !== undefined}
              describes={plan.name}
            />
          </div>
        </footer>
      )}
      <Fault error={error} />
    </article>
  );
}

type PlanActions = Readonly<Record<'backup' | 'anyway' | 'pause' | 'resume', Action>>;

function usePlanActions(plan: Plan): PlanActions {
  const { client, apply } = useAgent();
  const params = { plan: plan.id };
  const start = async (ignoreEstimate: boolean) => {
    const job = await client.call('backupPlan', { params, query: { ignoreEstimate } });
    apply((status) => withJob(status, job));
  };
  const backup = useAction(() => start(false));
  const anyway = useAction(() => start(true));
  const pause = useAction(async () => {
    const changed = await client.call('pausePlan', { params });
    apply((status) => withPlan(status, changed));
  });
  const resume = useAction(async () => {
    const changed = await client.call('resumePlan', { params });
    apply((status) => withPlan(status, changed));
  });
  return { backup, anyway, pause, resume };
}

function PauseButton({ plan, pause, resume }: { plan: Plan; pause: Action; resume: Action }): JSX.Element {
  return plan.state === 'paused' ? (
    <ActionButton key="resume" action={resume} label="Resume" busyLabel="Resuming…" describes={plan.name} />
  ) : (
    <ActionButton key="pause" action={pause} label="Pause" busyLabel="Pausing…" describes={plan.name} />
  );
}

interface PlanFactsProps {
  readonly plan: Plan;
  readonly runs: readonly Job[];
  readonly isActive: boolean;
}

function PlanFacts({ plan, runs, isActive }: PlanFactsProps): JSX.Element {
  const { lastGoodAt, lastTryAt } = plan;
  const hasWorseTry = !isActive && lastTryAt !== undefined && lastTryAt > (lastGoodAt ?? 0) + SAME_TRY_MS;
  const size = protectedSize(runs);
  return (
    <dl class="facts facts--grid">
      <div>
        <dt>Last good backup</dt>
        <dd>{lastGoodAt === undefined ? 'None yet' : <When at={lastGoodAt} zone={plan.zone} />}</dd>
      </div>
      {hasWorseTry ? (
        <div>
          <dt>Last try</dt>
          <dd>
            <LastTry at={lastTryAt} runs={runs} zone={plan.zone} />
          </dd>
        </div>
      ) : null}
      <div>
        <dt>Next run</dt>
        <dd>{nextRun(plan)}</dd>
      </div>
      <div>
        <dt>Schedule</dt>
        <dd>
          {scheduleWords(plan.schedule)}
          {plan.schedule.kind === 'manual' ? null : <span class="muted"> {plan.zone}</span>}
        </dd>
      </div>
      <div>
        <dt>Protects</dt>
        <dd class="path">
          <Paths paths={plan.paths} />
        </dd>
      </div>
      <div>
        <dt>Size</dt>
        <dd class="number">
          {size === undefined ? null : `${formatBytes(size)}, `}
          {formatBytes(plan.storedBytes)} stored
        </dd>
      </div>
      <div>
        <dt>Stored in</dt>
        <dd>
          <Foreign text={locationWords(plan.location)} max={120} />
        </dd>
      </div>
      {plan.quotaPolicy === undefined ? null : (
        <div>
          <dt>When the storage is full</dt>
          <dd>{quotaPolicyWords(plan.quotaPolicy)}</dd>
        </div>
      )}
    </dl>
  );
}

function LastTry({ at, runs, zone }: { at: number; runs: readonly Job[]; zone: string }): JSX.Element {
  const last = runs.find(({ state }) => JOB_END_STATES.has(state));
  const outcome = last && last.state !== 'succeeded' ? OUTCOMES[last.state] : undefined;
  return (
    <span class="worse">
      <When at={at} zone={zone} />
      {outcome === undefined ? null : `, ${outcome}`}
    </span>
  );
}

const OUTCOMES: Partial<Record<Job['state'], string>> = {
  incomplete: 'some files were left out',
  failed: 'failed',
  cancelled: 'cancelled',
};

function nextRun({ state, nextDueAt, zone }: Plan): JSX.Element | string {
  if (state === 'paused') return 'Paused';
  return nextDueAt === undefined || state === 'unarmed' ? (
    'Not scheduled'
  ) : (
    <When at={nextDueAt} zone={zone} />
  );
}

function Paths({ paths }: { paths: readonly string[] }): JSX.Element {
  const [first = '', ...others] = paths;
  return (
    <span title={paths.map((path) => cleanText(path)).join('\n')}>
      <Foreign text={first} />
      {others.length === 0 ? null : <span class="muted"> and {others.length} more</span>}
    </span>
  );
}

/** Size of the source at the newest backup that made a snapshot. */
function protectedSize(runs: readonly Job[]): number | undefined {
  const result = runs.find((run) => run.result?.kind === 'backup')?.result;
  return result?.kind === 'backup' ? result.bytesTotal : undefined;
}
