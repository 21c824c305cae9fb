import type { AgentEvent, EventBodies, EventKind, Job, JobResult } from '../../contract/index.ts';

type Body = Record<string, unknown>;
type Views = { readonly [K in EventKind]?: (body: EventBodies[K]) => Body | null };

/**
 * What Space may know of each event: ids, states, counts and bytes; never a path, a pattern or an error text that could
 * hold one. An event that is not here is not for Space.
 */
const VIEWS: Views = {
  'plan.changed': ({ plan }) => {
    const { id, name, state, schedule, zone, location, nextDueAt, lastGoodAt, snapshotCount, storedBytes } =
      plan;
    if (location.kind !== 'space') return null;
    const rest = { nextDueAt, lastGoodAt, snapshotCount, storedBytes };
    return { plan: { id, name, state, schedule, zone, location: location.kind, ...rest } };
  },
  'plan.removed': ({ planId, location }) => (location === 'space' ? { planId } : null),
  'job.state': ({ job }) => ({ job: jobView(job) }),
  'snapshot.recorded': ({ snapshot }) => snapshotView(snapshot),
  'snapshot.missing': ({ snapshot }) => snapshotView(snapshot),
  'request.state': ({ request }) => {
    const { id, code, state, origin, planId, snapshotId, createdAt, expiresAt, jobId, error, reason } =
      request;
    return {
      request: {
        id,
        code,
        state,
        origin,
        planId,
        snapshotId,
        createdAt,
        expiresAt,
        jobId,
        errorCode: error?.code,
        // Of a person, for whoever asked; other reasons may name a path.
        ...(state === 'declined' && { reason }),
      },
    };
  },
  // What a person would pay, and from what the forecast is made, is this machine's own matter.
  'usage.measured': ({ usage: { byPlan: _byPlan, policy: _policy, forecast: _forecast, ...usage } }) => ({
    usage,
  }),
  'health.raised': ({ condition: { code, level, planId } }) => ({ code, level, planId }),
  'health.cleared': ({ code, planId }) => ({ code, planId }),
};

/** The body of an event as Space gets it; null when it is not for Space. */
export function eventBodyForSpace(event: AgentEvent): Body | null {
  const view = VIEWS[event.kind] as ((body: AgentEvent['body']) => Body | null) | undefined;
  return view ? view(event.body) : null;
}

function snapshotView({
  paths: _paths,
  planName: _name,
  ...snapshot
}: EventBodies['snapshot.recorded']['snapshot']): Body {
  return { snapshot };
}

function jobView(job: Job): Body {
  const { id, kind, planId, requestId, cause, state, attempt, createdAt, startedAt, endedAt, result, error } =
    job;
  const about = { id, kind, planId, requestId, cause, state, attempt, createdAt, startedAt, endedAt };
  return { ...about, result: result && countsOf(result), errorCode: error?.code };
}

function countsOf(result: JobResult): Body {
  switch (result.kind) {
    case 'backup': {
      const { snapshotId, filesTotal, bytesTotal, addedBytes, skipped, durationMs } = result;
      return { snapshotId, filesTotal, bytesTotal, addedBytes, skipped: skipped.count, durationMs };
    }
    case 'restore': {
      const { filesRestored, bytesRestored, skipped, durationMs } = result;
      return { filesRestored, bytesRestored, skipped: skipped.count, durationMs };
    }
    case 'check':
      return { problems: result.problems.length, durationMs: result.durationMs };
  }
}
