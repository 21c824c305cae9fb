import type { Job, Progress } from '../../contract/index.ts';
import type { JobRow } from '../store/job-table.ts';

/** A job as others see it: without lane and params, which are the handler's. */
export function jobView(row: JobRow, progress?: Progress): Job {
  return {
    id: row.id,
    kind: row.kind,
    cause: row.cause,
    state: row.state,
    attempt: row.attempt,
    createdAt: row.createdAt,
    ...present({
      planId: row.planId,
      planName: row.planName,
      requestId: row.requestId,
      reason: row.reason,
      startedAt: row.startedAt,
      endedAt: row.endedAt,
      notBeforeAt: row.notBeforeAt,
      result: row.result,
      error: row.error,
      progress,
    }),
  };
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], null | undefined> };

function present<T extends object>(fields: T): Present<T> {
  const entries = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(entries) as Present<T>;
}
