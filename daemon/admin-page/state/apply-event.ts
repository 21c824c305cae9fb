import { JOB_END_STATES, REQUEST_END_STATES } from '../../../contract/index.ts';
import type {
  AgentEvent,
  EventBodies,
  EventKind,
  Job,
  Plan,
  RestoreRequest,
  SpaceCommand,
  Status,
} from '../../../contract/index.ts';

type Appliers = { [K in EventKind]: (status: Status, body: EventBodies[K], at: number) => Status };

/**
 * The status after an event. What only the daemon can word (the sentence, the level) is unchanged: the caller asks for
 * it again.
 */
export function applyEvent(status: Status, event: AgentEvent): Status {
  const apply = APPLIERS[event.kind] as Appliers[EventKind] | undefined;
  // A newer daemon may send kinds that this page does not know yet.
  if (!apply) return status;
  return (apply as (status: Status, body: unknown, at: number) => Status)(status, event.body, event.at);
}

export const withPlan = (status: Status, plan: Plan): Status => ({
  ...status,
  plans: upsert(status.plans, plan),
});

/** Ended jobs leave the status: it lists only those that have not ended. */
export const withJob = (status: Status, job: Job): Status => ({
  ...status,
  jobs: JOB_END_STATES.has(job.state) ? without(status.jobs, job.id) : upsert(status.jobs, job),
});

export const withRequest = (status: Status, request: RestoreRequest): Status => ({
  ...status,
  requests: REQUEST_END_STATES.has(request.state)
    ? without(status.requests, request.id)
    : upsert(status.requests, request),
});

/** Answered ones leave the status. */
export const withAsked = (status: Status, command: SpaceCommand): Status => ({
  ...status,
  asked: command.status === 'waiting' ? upsert(status.asked, command) : without(status.asked, command.id),
});

const APPLIERS: Appliers = {
  'plan.changed': (status, { plan }) => withPlan(status, plan),
  'plan.removed': (status, { planId }) => ({ ...status, plans: without(status.plans, planId) }),
  'job.state': (status, { job }) => withJob(status, job),
  'snapshot.recorded': (status) => status,
  'snapshot.missing': (status) => status,
  'request.state': (status, { request }) => withRequest(status, request),
  'command.state': (status, { command }) => withAsked(status, command),
  'usage.measured': (status, { usage }) => ({ ...status, usage }),
  'health.raised': (status, { condition }) => ({
    ...status,
    conditions: [...otherConditions(status, condition), condition],
  }),
  'health.cleared': (status, body) => ({ ...status, conditions: otherConditions(status, body) }),
  'link.state': (status, { state, reason }, at) => ({
    ...status,
    link: {
      state,
      since: at,
      pendingReports: status.link.pendingReports,
      ...(reason === undefined ? {} : { reason }),
    },
  }),
  'account.changed': (status) => status,
  notice: (status) => status,
};

const otherConditions = (status: Status, { code, planId }: { code: string; planId?: string }) =>
  status.conditions.filter((known) => known.code !== code || known.planId !== planId);

function upsert<T extends { id: string }>(list: readonly T[], item: T): T[] {
  return list.some(({ id }) => id === item.id)
    ? list.map((known) => (known.id === item.id ? item : known))
    : [...list, item];
}

const without = <T extends { id: string }>(list: readonly T[], id: string) =>
  list.filter((item) => item.id !== id);
