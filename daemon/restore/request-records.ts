import { AppError, type Plan, type RestoreRequest } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import { speakableCode, type Chance } from '../base/ids.ts';
import { nextRequestState, type RequestEvent } from './request-states.ts';
import type { LedgerSnapshot, RequestRow, RestorePlans, RestoreStore } from './restore-ports.ts';
import { stagedOf } from './staged-trees.ts';

export interface RequestRecords {
  /** Gives it an id and a code that no other open request has. */
  insert(row: Omit<RequestRow, 'id' | 'code' | 'createdAt'>): RequestRow;
  /** @throws AppError `conflict` when that can't happen to the request now */
  apply(id: string, event: RequestEvent, change?: RequestChange): RequestRow;
  /** Adds to it without a change of state. */
  note(id: string, change: RequestChange): RequestRow;
  /** @throws AppError `not_found` */
  require(codeOrId: string): RequestRow;
  view(row: RequestRow): RestoreRequest;
}

export type RequestChange = Partial<
  Pick<
    RequestRow,
    'reason' | 'error' | 'choice' | 'jobId' | 'undoPath' | 'undoUntil' | 'expiresAt' | 'preview' | 'asidePath'
  >
>;

export interface RequestRecordsOptions {
  readonly store: RestoreStore;
  readonly plans: Pick<RestorePlans, 'find'>;
  readonly clock: Clock;
  readonly chance: Chance;
}

/** The only writer of request state: each transition and its event are one transaction. */
export function createRequestRecords(options: RequestRecordsOptions): RequestRecords {
  const { store, clock, chance } = options;
  const view = (row: RequestRow): RestoreRequest => viewOf(options, row);
  return {
    view,
    insert: (rest) =>
      store.commit((append) => {
        const taken = new Set(store.requests.list({ open: true }).map(({ code }) => code));
        const row = { ...rest, id: chance.uuid(), code: freeCode(chance, taken), createdAt: clock.now() };
        store.requests.insert(row);
        append('request.state', { request: view(row) });
        return row;
      }),
    apply: (id, event, change = {}) =>
      store.commit((append) => {
        const before = require(store, id);
        const state = nextRequestState(before.state, event);
        if (!state) {
          throw new AppError(
            'conflict',
            `the request ${before.code} is ${before.state}: it can't ${event} now`,
          );
        }
        store.requests.update(id, { state, ...change });
        const row = { ...before, state, ...change };
        append('request.state', { request: view(row) });
        return row;
      }),
    note: (id, change) =>
      store.commit((append) => {
        store.requests.update(id, change);
        const row = require(store, id);
        append('request.state', { request: view(row) });
        return row;
      }),
    require: (codeOrId) => require(store, codeOrId),
  };
}

function require(store: RestoreStore, codeOrId: string): RequestRow {
  const row = store.requests.find(codeOrId);
  if (row) return row;
  throw new AppError('not_found', `there is no restore request "${codeOrId}"`, {
    hint: 'see `olares-backup request list`',
    field: 'request',
  });
}

function freeCode(chance: Chance, taken: ReadonlySet<string>): string {
  for (let length = 4; ; length += 1) {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const code = speakableCode(chance, length);
      if (!taken.has(code)) return code;
    }
  }
}

function viewOf({ plans, store }: RequestRecordsOptions, row: RequestRow): RestoreRequest {
  const plan = row.planId === null ? undefined : plans.find(row.planId);
  const { id, code, state, origin, snapshotId, createdAt, expiresAt, takenAt } = row;
  return {
    id,
    code,
    state,
    origin,
    snapshotId,
    createdAt,
    expiresAt,
    ...present('planId', row.planId),
    ...present('planName', plan?.name ?? row.planName),
    ...present('takenAt', takenAt),
    ...present('filesTotal', row.filesTotal),
    ...present('bytesTotal', row.bytesTotal),
    ...(plan && factsOfPlan(store, plan, takenAt)),
    ...present('note', row.note),
    ...present('choice', row.choice),
    ...present('reason', row.reason),
    ...present('jobId', row.jobId),
    ...present('error', row.error),
    ...present('undoPath', row.undoPath),
    ...present('undoUntil', row.undoUntil),
    ...present('preview', row.preview),
    ...present('asidePath', row.asidePath),
    ...present('staged', stagedOf(store, row.id)),
  };
}

/** What a person is told of the plan before a password is typed. */
function factsOfPlan(
  { snapshots }: RestoreStore,
  { id, keys }: Plan,
  takenAt: number | null,
): Pick<RestoreRequest, 'newerSnapshots' | 'newestTakenAt' | 'userKeyCreatedAt'> {
  const isNewer = (one: LedgerSnapshot) => one.state === 'present' && one.takenAt > (takenAt ?? 0);
  return {
    ...(takenAt !== null && { newerSnapshots: snapshots.list(id).filter(isNewer).length }),
    ...present('newestTakenAt', snapshots.newest(id)?.takenAt ?? null),
    ...present('userKeyCreatedAt', keys.find(({ role }) => role === 'user')?.createdAt ?? null),
  };
}

function present<K extends string, V>(key: K, value: V | null): { [P in K]?: V } {
  return value === null ? {} : ({ [key]: value } as { [P in K]?: V });
}
