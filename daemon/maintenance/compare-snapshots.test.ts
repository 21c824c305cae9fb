import { expect, it } from 'vitest';
import type { RepositorySnapshot } from '../../contract/index.ts';
import { compareSnapshots, uuidFor } from './compare-snapshots.ts';
import type { LedgerRow } from './maintenance-ports.ts';

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
  compareSnapshots({ planId: PLAN, ledger, list, isJobActive: (job) => active.includes(job) });
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
