import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError, type DiffAnswer, type FindAnswer, type FoundFile } from '../../contract/index.ts';
import { startFakeDaemon, type FakeDaemon } from '../test-support/fake-daemon.ts';
import { buildProgram, runProgram, type BuiltProgram } from '../test-support/program.ts';
import { NOW, PLAN_ID, SNAPSHOT_ID, SNAPSHOT_UUID } from '../test-support/samples.ts';

let program: BuiltProgram;
beforeAll(() => {
  program = buildProgram();
});
afterAll(() => program[Symbol.dispose]());

const run = (daemon: FakeDaemon, args: string[]) =>
  runProgram(program.file, [...args, '--state-dir', daemon.stateDir]);

const seen = { id: SNAPSHOT_UUID, resticId: SNAPSHOT_ID, takenAt: NOW };
const found = (path: string, changes: Partial<FoundFile> = {}): FoundFile => ({
  planId: PLAN_ID,
  planName: 'photos',
  path,
  type: 'file',
  sizeBytes: 2_000,
  firstSeen: seen,
  lastSeen: seen,
  snapshots: 3,
  states: 1,
  deleted: false,
  ...changes,
});
const answer = (changes: Partial<FindAnswer> = {}): FindAnswer => ({
  files: [found('/home/a.jpg'), found('/home/old.jpg', { deleted: true })],
  more: false,
  index: { snapshots: 3, indexed: 3 },
  ...changes,
});

describe('snapshot find', () => {
  it('shows where files are, and which are gone', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('findFiles', answer({ more: true }));
    const { code, stdout } = await run(daemon, [
      'snapshot',
      'find',
      '*.jpg',
      '--plan',
      'photos',
      '--limit',
      '2',
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('/home/a.jpg');
    expect(stdout).toMatch(/fe12ab34 +deleted since +\/home\/old\.jpg/);
    expect(stdout).toContain('raise --limit');
    expect(daemon.received[0]?.query).toEqual({ pattern: '*.jpg', plan: 'photos', limit: '2', wait: 'true' });
  });

  it('asks again until all lists were read', async () => {
    await using daemon = await startFakeDaemon();
    let indexed = 0;
    daemon.answer('findFiles', () => answer({ index: { snapshots: 3, indexed: (indexed += 1) } }));
    const { code, stdout, stderr } = await run(daemon, ['snapshot', 'find', 'a', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ index: { indexed: 3 }, files: [{ path: '/home/a.jpg' }, {}] });
    expect(stderr).toContain('2 of 3 snapshots read');
  });

  it.each([
    [['--now'], { snapshots: 3, indexed: 1 }],
    [[], { snapshots: 3, indexed: 1, problem: 'the storage cannot be reached' }],
  ])('says what it did not look through, and ends with 3: %j', async (flags, index) => {
    await using daemon = await startFakeDaemon();
    daemon.answer('findFiles', answer({ index }));
    const { code, stdout, stderr } = await run(daemon, ['snapshot', 'find', 'a', ...flags]);
    expect(code).toBe(3);
    expect(stdout).toContain('/home/a.jpg');
    expect(stderr).toContain('looked through 1 of 3 snapshots');
    expect(daemon.received).toHaveLength(1);
  });

  it('says when there is nothing, and explains names that are no text', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('findFiles', answer({ files: [] }));
    expect((await run(daemon, ['snapshot', 'find', 'a'])).stdout).toBe(
      'Nothing of that name in 3 snapshots.\n',
    );
    daemon.answer('findFiles', answer({ files: [found('/x/\ufffd\u001b[31m')] }));
    const { stdout } = await run(daemon, ['snapshot', 'find', 'x']);
    expect(stdout).toContain('bytes that are no text');
    expect(stdout).not.toContain('\u001b');
  });
});

describe('snapshot diff', () => {
  const diff: DiffAnswer = {
    a: seen,
    b: seen,
    counts: { added: 1, removed: 0, changed: 8, metadata: 0 },
    addedBytes: 2_000,
    removedBytes: 0,
    entries: [
      { change: 'added', path: '/home/new', type: 'dir' },
      { change: 'changed', path: '/home/x', type: 'file', sizeBytes: 20, formerSizeBytes: 10 },
    ],
    next: 7,
  };

  it('counts everything and shows a page', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('diffSnapshots', diff);
    const { code, stdout } = await run(daemon, ['snapshot', 'diff', 'aaaa', 'bbbb', '--limit', '2']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\+ +\/home\/new\//);
    expect(stdout).toMatch(/~ +20 B +10 B +\/home\/x/);
    expect(stdout).toContain('… and 7 more');
    expect(daemon.received[0]?.query).toEqual({ a: 'aaaa', b: 'bbbb', limit: '2' });
  });

  it('asks again while the lists are being read, and tells any other error', async () => {
    await using daemon = await startFakeDaemon();
    let asked = 0;
    daemon.answer('diffSnapshots', () =>
      (asked += 1) < 3 ? new AppError('try_later', 'being indexed', { retryAfterMs: 1 }) : diff,
    );
    expect((await run(daemon, ['snapshot', 'diff', 'aaaa', 'bbbb'])).code).toBe(0);
    expect(asked).toBe(3);
    daemon.answer('diffSnapshots', new AppError('invalid_input', 'they are of two plans', { field: 'b' }));
    const { code, stderr } = await run(daemon, ['snapshot', 'diff', 'aaaa', 'bbbb']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('two plans') as string });
  });

  it('refuses a limit that is none', async () => {
    await using daemon = await startFakeDaemon();
    const { code, stderr } = await run(daemon, ['snapshot', 'diff', 'aaaa', 'bbbb', '--limit', '0']);
    expect(code).toBe(2);
    expect(stderr).toContain('--limit takes a whole number from 1 to 1000');
  });
});
