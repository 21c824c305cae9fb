import type { Database } from 'better-sqlite3';
import type { ErrorBody, JobCause, JobKind, JobResult, JobState } from '../../contract/index.ts';
import { startsWith } from './prefix.ts';
import { createRowTable, type Columns } from './row-table.ts';

export interface JobRow {
  readonly id: string;
  readonly kind: JobKind;
  readonly planId: string | null;
  readonly planName: string | null;
  readonly requestId: string | null;
  /** Jobs of one lane never run at the same time: the plan id, or the repository address. */
  readonly lane: string;
  readonly cause: JobCause;
  readonly state: JobState;
  readonly reason: string | null;
  readonly attempt: number;
  /** The handler's own; JSON. */
  readonly params: unknown;
  readonly result: JobResult | null;
  readonly error: ErrorBody | null;
  readonly createdAt: number;
  readonly dueAt: number;
  readonly notBeforeAt: number | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

export interface JobFilter {
  readonly planId?: string;
  readonly state?: JobState;
  /** Only jobs that have not ended. */
  readonly active?: boolean;
  readonly kind?: JobKind;
  readonly limit?: number;
}

export interface JobTable {
  insert(row: JobRow): void;
  update(id: string, change: Partial<Omit<JobRow, 'id'>>): void;
  get(id: string): JobRow | undefined;
  /** By full id or unique prefix of at least 4 characters. */
  find(idPrefix: string): JobRow | undefined;
  /** Newest first. */
  list(filter: JobFilter): JobRow[];
  /** Queued and waiting jobs by due time, oldest first. */
  pending(): JobRow[];
  /** End of the newest backup of a plan that ended in this state. */
  lastEndedAt(planId: string, state: JobState): number | undefined;
  lastStartedAt(planId: string): number | undefined;
}

/** Jobs that have not ended; the same list as in the index one_active_backup. */
const ACTIVE = `state IN ('queued', 'waiting', 'running', 'cancelling', 'interrupted')`;
const SHORTEST_PREFIX = 4;

const COLUMNS: Columns<JobRow> = {
  id: 'plain',
  kind: 'plain',
  planId: 'plain',
  planName: 'plain',
  requestId: 'plain',
  lane: 'plain',
  cause: 'plain',
  state: 'plain',
  reason: 'plain',
  attempt: 'plain',
  params: 'json',
  result: 'jsonOrNull',
  error: 'jsonOrNull',
  createdAt: 'plain',
  dueAt: 'plain',
  notBeforeAt: 'plain',
  startedAt: 'plain',
  endedAt: 'plain',
};

export function createJobTable(db: Database): JobTable {
  const rows = createRowTable<JobRow>({ db, name: 'jobs', key: 'id', columns: COLUMNS });
  const ended = db
    .prepare("SELECT MAX(ended_at) FROM jobs WHERE plan_id = ? AND kind = 'backup' AND state = ?")
    .pluck();
  const started = db
    .prepare("SELECT MAX(started_at) FROM jobs WHERE plan_id = ? AND kind = 'backup'")
    .pluck();
  return {
    insert: (row) => rows.insert(row),
    update: (id, change) => rows.update(id, change),
    get: (id) => rows.first('WHERE id = ?', id),
    find(idPrefix) {
      if (idPrefix.length < SHORTEST_PREFIX) return undefined;
      const found = rows.all(`WHERE ${startsWith('id')} LIMIT 2`, idPrefix, idPrefix);
      return found.length === 1 ? found[0] : undefined;
    },
    list(filter) {
      const { where, values } = conditionsOf(filter);
      return rows.all(`${where} ORDER BY created_at DESC, rowid DESC LIMIT ?`, ...values, filter.limit ?? -1);
    },
    pending: () => rows.all("WHERE state IN ('queued', 'waiting') ORDER BY due_at, created_at, rowid"),
    lastEndedAt: (planId, state) => (ended.get(planId, state) as number | null) ?? undefined,
    lastStartedAt: (planId) => (started.get(planId) as number | null) ?? undefined,
  };
}

function conditionsOf(filter: JobFilter): { where: string; values: unknown[] } {
  const conditions: string[] = [];
  const values: unknown[] = [];
  const equal = { plan_id: filter.planId, state: filter.state, kind: filter.kind };
  for (const [column, value] of Object.entries(equal)) {
    if (value === undefined) continue;
    conditions.push(`${column} = ?`);
    values.push(value);
  }
  if (filter.active) conditions.push(ACTIVE);
  return { where: conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '', values };
}
