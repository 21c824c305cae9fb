import type { RepositorySnapshot } from '../../contract/index.ts';
import type { LedgerRow } from './maintenance-ports.ts';

export interface Comparison {
  /** In the ledger, gone from the repository. */
  readonly missing: readonly LedgerRow[];
  /** Was missing, is there again. */
  readonly found: readonly LedgerRow[];
  /** In the repository, not in the ledger: not ours, or of a time the ledger has lost. */
  readonly added: readonly LedgerRow[];
  /** Foreign ones that are gone: nobody promised them. */
  readonly gone: readonly LedgerRow[];
}

export interface ComparisonOptions {
  readonly planId: string;
  /** The plan's ledger as it was before the repository was asked; what was made since is no fault. */
  readonly ledger: readonly LedgerRow[];
  readonly list: readonly RepositorySnapshot[];
  /** Its snapshot enters the ledger by itself. */
  readonly isJobActive: (jobId: string) => boolean;
  readonly now: number;
}

/** A clock may be set wrongly by this much. Beyond it a date says nothing about which snapshot is the newest. */
const FUTURE_SLACK_MS = 24 * 60 * 60 * 1000;

/** Dated at a time that has not come, by a wrong clock or by somebody who wants to be the newest. */
export const isOfFuture = (takenAt: number, now: number): boolean => takenAt > now + FUTURE_SLACK_MS;

/** Holds the ledger against what the repository really has. Pure. */
export function compareSnapshots(options: ComparisonOptions): Comparison {
  const { planId, ledger, list, isJobActive, now } = options;
  const there = new Set(list.map(({ resticId }) => resticId));
  const known = new Set(ledger.map(({ resticId }) => resticId));
  const lost = ledger.filter(({ resticId }) => !there.has(resticId));
  return {
    missing: lost.filter(({ state }) => state === 'present'),
    gone: lost.filter(({ state }) => state === 'foreign'),
    found: ledger.filter(({ resticId, state }) => state === 'missing' && there.has(resticId)),
    added: list
      .filter(({ resticId }) => !known.has(resticId))
      .filter(({ tags }) => !isJobActive(tagValue(tags, 'agent-job') ?? ''))
      .map((snapshot) => toRow(planId, snapshot, now))
      .map((row, index, rows) => withOwnId(row, [...ledger, ...rows.slice(0, index)])),
  };
}

/**
 * The repository as it was at an earlier time: all that is missing is newer than all that is there.
 * @returns the time of its newest snapshot; undefined when it is something else, or nothing is there
 */
export function rolledBackTo(rows: readonly LedgerRow[]): number | undefined {
  const times = (state: LedgerRow['state']): number[] =>
    rows.filter((row) => row.state === state).map(({ takenAt }) => takenAt);
  const [present, missing] = [times('present'), times('missing')];
  if (present.length === 0 || missing.length === 0) return undefined;
  const newest = Math.max(...present);
  return newest < Math.min(...missing) ? newest : undefined;
}

/** A job that was tried again may have made two snapshots: only the first has the job's id. */
function withOwnId(row: LedgerRow, others: readonly { readonly id: string }[]): LedgerRow {
  return others.some(({ id }) => id === row.id) ? { ...row, id: uuidFor(row.resticId) } : row;
}

function toRow(planId: string, snapshot: RepositorySnapshot, now: number): LedgerRow {
  const { resticId, tags } = snapshot;
  const jobId = tagValue(tags, 'agent-job') ?? '';
  const isOurs = UUID.test(jobId) && tagValue(tags, 'repo-id') === planId;
  return {
    id: isOurs ? jobId : uuidFor(resticId),
    resticId,
    planId,
    jobId: isOurs ? jobId : null,
    takenAt: snapshot.takenAt,
    paths: snapshot.paths,
    filesTotal: snapshot.filesTotal ?? null,
    bytesTotal: snapshot.bytesTotal ?? null,
    addedBytes: snapshot.addedBytes ?? null,
    incomplete: false,
    // What carries our tags but not a possible date was not made by us, or not then: it never counts as the newest.
    state: isOurs && !isOfFuture(snapshot.takenAt, now) ? 'present' : 'foreign',
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The same restic id always gives the same UUID, so that Space and page can refer to it. */
export function uuidFor(resticId: string): string {
  const [a, b, c, d, e] = [8, 12, 16, 20, 32].map((end, index) =>
    resticId.slice([0, 8, 12, 16, 20][index], end),
  );
  return `${a}-${b}-${c}-${d}-${e}`;
}

function tagValue(tags: readonly string[], name: string): string | undefined {
  return tags.find((tag) => tag.startsWith(`${name}=`))?.slice(name.length + 1);
}
