import { expect, it } from 'vitest';
import type { RepositorySnapshot } from '../../contract/index.ts';
import { compareSnapshots, rolledBackTo, uuidFor } from './compare-snapshots.ts';
import type { LedgerRow } from './maintenance-ports.ts';

const NOW = Date.UTC(2026, 10, 20);
const PLAN = '11111111-1111-4111-8111-111111111111';
const id = (mark: string): string => mark.repeat(64);
const row = (mark: string, state: LedgerRow['state'] = 'present'): LedgerRow => ({
  id: uuidFor(id(mark)),
  resticId: id(mark),
  planId: PLAN,
  jobId: null,
  takenAt: 1,
  paths: ['/x'],
  filesTotal: null,
  bytesTotal: null,
  addedBytes: null,
  incomplete: false,
  state,
});
const listed = (mark: string, tags: string[] = []): RepositorySnapshot => ({
  resticId: id(mark),
  takenAt: 1,
  host: 'h',
  paths: ['/x'],
  tags,
});
const compare = (ledger: LedgerRow[], list: RepositorySnapshot[], active: string[] = []) =>
  compareSnapshots({ planId: PLAN, ledger, list, isJobActive: (job) => active.includes(job), now: NOW });
const marks = (rows: readonly LedgerRow[]): string[] => rows.map(({ resticId }) => resticId[0] ?? '');

it('tells what is missing, found again, gone and foreign', () => {
  const result = compare(
    [row('a'), row('b'), row('c', 'missing'), row('d', 'foreign')],
    [listed('a'), listed('c'), listed('e')],
  );
  expect(marks(result.missing)).toEqual(['b']);
  expect(marks(result.found)).toEqual(['c']);
  expect(marks(result.gone)).toEqual(['d']);
  expect(result.added).toMatchObject([{ id: uuidFor(id('e')), state: 'foreign' }]);
});

it('takes back a snapshot of ours that the ledger lost, under its own id', () => {
  const uuid = '33333333-3333-4333-8333-333333333333';
  const ours = [`agent-job=${uuid}`, `repo-id=${PLAN}`];
  expect(compare([], [listed('a', ours)]).added).toMatchObject([{ id: uuid, jobId: uuid, state: 'present' }]);
  expect(compare([], [listed('a', ours), listed('b', ours)]).added).toMatchObject([
    { id: uuid },
    { id: uuidFor(id('b')) },
  ]);
  const theirs = [`agent-job=${uuid}`, 'repo-id=other'];
  expect(compare([], [listed('a', theirs)]).added).toMatchObject([{ state: 'foreign' }]);
});

it('leaves a snapshot alone whose job is about to record it', () => {
  expect(compare([], [listed('a', ['agent-job=running'])], ['running']).added).toEqual([]);
});

it('derives the same valid UUID from the same id', () => {
  expect(uuidFor('0123456789abcdef'.repeat(4))).toBe('01234567-89ab-cdef-0123-456789abcdef');
});

it('believes no snapshot of ours that is dated in the future', () => {
  const uuid = '33333333-3333-4333-8333-333333333333';
  const ours = [`agent-job=${uuid}`, `repo-id=${PLAN}`];
  const dated = (takenAt: number) => compare([], [{ ...listed('a', ours), takenAt }]).added;
  expect(dated(Date.UTC(2099, 0, 1))).toMatchObject([{ state: 'foreign' }]);
  expect(dated(NOW + 60_000)).toMatchObject([{ state: 'present' }]);
});

it('tells an older state that was put back from snapshots that were deleted', () => {
  const at = (mark: string, takenAt: number, state: LedgerRow['state']) => ({ ...row(mark, state), takenAt });
  const [old, gone, newest] = [at('a', 1, 'present'), at('b', 2, 'missing'), at('c', 3, 'missing')];
  expect(rolledBackTo([newest, gone, old])).toBe(1);
  expect(rolledBackTo([at('c', 3, 'present'), gone, old])).toBeUndefined();
  expect(rolledBackTo([gone, newest])).toBeUndefined();
  expect(rolledBackTo([old])).toBeUndefined();
});
