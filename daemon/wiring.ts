import type { BackupWish, JobCause, Plan } from '../contract/index.ts';
import type { Clock } from './base/clock.ts';
import { describeConfig } from './config/load-config.ts';
import type { Config } from './config/config.ts';
import type { Engine } from './engine/engine.ts';
import type { EventLog } from './events/event-log.ts';
import type { Health } from './health/health.ts';
import type { Jobs, NewJob } from './jobs/job-types.ts';
import type { ApiPorts } from './local-api/ports.ts';
import { statusView } from './local-api/status-view.ts';
import type { Repositories } from './maintenance/repository-types.ts';
import type { Plans } from './plans/plan-types.ts';
import type { Recovery } from './recovery/create-recovery.ts';
import type { SnapshotIndex } from './snapshot-index/index-ports.ts';
import type { Requests } from './restore/request-types.ts';
import type { CommandEffects } from './space-link/commands.ts';
import { commandTrail } from './space-link/command-trail.ts';
import type { SpacePart } from './space-link/space-link.ts';
import type { Store } from './store/store.ts';
import type { UsageMeter, UsageOptions } from './usage/usage.ts';

/** The parts as their users on the outside know them. */
export interface WiredParts {
  readonly health: Health;
  readonly plans: Plans;
  readonly jobs: Jobs;
  readonly space: SpacePart;
  readonly usage: UsageMeter;
  readonly repositories: Repositories;
  readonly requests: Requests;
  readonly index: SnapshotIndex;
  readonly recovery: Recovery;
}

export interface ApiSources extends WiredParts {
  readonly store: Store;
  readonly events: EventLog;
  readonly config: Config;
  readonly version: string;
  readonly startedAt: number;
  readonly clock: Clock;
  readonly engineVersion: () => string | undefined;
}

export function apiPorts(sources: ApiSources): ApiPorts {
  const { plans, jobs, repositories, requests, index, space, usage, health, events, config } = sources;
  return {
    plans,
    repositories,
    requests,
    index,
    recovery: sources.recovery,
    health,
    events,
    usage,
    account: space.account,
    asked: (query) => commandTrail(sources.store, query),
    answer: (codeOrId, answer) => space.asked.answer(codeOrId, answer),
    config: () => describeConfig(config),
    regions: () => space.storage.regions(),
    jobs: {
      backup: (plan, cause, wish) => jobs.request(newJob('backup', plan, cause, wish)),
      check: (plan, cause) => jobs.request(newJob('check', plan, cause)),
      cancel: (idPrefix) => jobs.cancel(jobs.find(idPrefix)?.id ?? idPrefix, 'cancelled by a person'),
      find: (idPrefix) => jobs.find(idPrefix),
      list: (filter) => jobs.list(filter),
      onProgress: (listener) => jobs.onProgress(listener),
    },
    status: () =>
      statusView({
        version: sources.version,
        machine: config.machineName,
        startedAt: sources.startedAt,
        now: () => sources.clock.now(),
        engineVersion: sources.engineVersion,
        eventSeq: () => events.newestSeq(),
        conditions: () => health.list(),
        account: () => space.account.current(),
        link: () => space.account.link(),
        usage: () => (space.account.current() === undefined ? undefined : usage.current()),
        plans: () => plans.list(),
        jobs: () => jobs.list({ active: true }),
        requests: () => requests.list(false),
        asked: () => space.asked.list(),
      }),
  };
}

/** What a command of Space sets in motion: the same calls that a person's make. */
export function commandEffects({ plans, jobs, requests, usage }: WiredParts): CommandEffects {
  return {
    backupNow: (planId) => void jobs.request(newJob('backup', plans.get(planId), 'space')),
    cancelJob: (jobId) => void jobs.cancel(jobId, 'cancelled by Olares Space'),
    pausePlan: (planId) => void plans.pause(planId),
    resumePlan: (planId) => void plans.resume(planId),
    proposeRestore: (input) => requests.propose(input),
    cancelRestore: (requestId) => void requests.cancel(requestId, 'cancelled by Olares Space'),
    reportStatus: () => void usage.get(true).catch(() => undefined),
  };
}

/** The helper may read all sources; the daemon may not. */
export function sourceMeasure(engine: Engine): UsageOptions['measure'] {
  return ({ paths, excludes }, signal) => {
    const counted = engine.run({ verb: 'measure', paths, excludes }, signal ? { signal } : {});
    // It took the helper that was waiting for the backup.
    engine.prepare('backup');
    return counted;
  };
}

function newJob(kind: 'backup' | 'check', plan: Plan, cause: JobCause, wish?: BackupWish): NewJob {
  const params = wish?.ignoreEstimate === true ? { params: wish } : {};
  return { kind, planId: plan.id, planName: plan.name, lane: plan.id, cause, ...params };
}
