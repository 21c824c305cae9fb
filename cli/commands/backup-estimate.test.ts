import { afterAll, beforeAll, expect, it } from 'vitest';
import { startFakeDaemon, type FakeDaemon } from '../test-support/fake-daemon.ts';
import { buildProgram, runProgram, type BuiltProgram } from '../test-support/program.ts';
import { backupResult, sampleJob, sampleStatus } from '../test-support/samples.ts';
import { openTerminal } from '../test-support/terminal.ts';

let program: BuiltProgram;
beforeAll(() => {
  program = buildProgram();
});
afterAll(() => program[Symbol.dispose]());

const queries = (daemon: FakeDaemon) =>
  daemon.received.filter(({ route }) => route === 'backupPlan').map(({ query }) => query['ignoreEstimate']);

/** Its backups do not start as long as the estimate counts. */
async function startFull(): Promise<FakeDaemon> {
  const daemon = await startFakeDaemon();
  const error = {
    code: 'quota_exceeded' as const,
    message: 'about 7 GiB more are needed',
    field: 'ignoreEstimate',
  };
  daemon.answer('getStatus', sampleStatus());
  daemon.answer('backupPlan', sampleJob({ state: 'queued' }));
  daemon.answer('getJob', () =>
    queries(daemon).at(-1) === 'true'
      ? sampleJob({ state: 'succeeded', result: backupResult() })
      : sampleJob({ state: 'failed', error }),
  );
  return daemon;
}

it('asks a person whether to start although it will probably not fit', async () => {
  await using daemon = await startFull();
  using terminal = openTerminal(
    `${process.execPath} ${program.file} backup photos --state-dir ${daemon.stateDir}`,
  );
  const asked = await terminal.shows('Start it all the same? (y/N)');
  expect(asked).toMatch(/about 7 GiB more[^]*same data is there twice/);
  terminal.type('y');
  terminal.press('Enter');
  await terminal.shows('exit=0');
  expect(queries(daemon)).toEqual(['false', 'true']);
});

it('ends at just Enter', async () => {
  await using daemon = await startFull();
  using terminal = openTerminal(
    `${process.execPath} ${program.file} backup photos --state-dir ${daemon.stateDir}`,
  );
  await terminal.shows('(y/N)');
  terminal.press('Enter');
  await terminal.shows('exit=13');
  expect(queries(daemon)).toEqual(['false']);
});

it('starts for a script that says so, and only then', async () => {
  await using daemon = await startFull();
  const run = (...args: string[]) =>
    runProgram(program.file, ['backup', 'photos', ...args, '--state-dir', daemon.stateDir]);
  expect(await run('--yes')).toMatchObject({ code: 13, stderr: expect.stringContaining('about 7 GiB more') });
  expect(await run('--ignore-estimate')).toMatchObject({ code: 0 });
  expect(queries(daemon)).toEqual(['false', 'true']);
});
