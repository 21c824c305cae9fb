import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { eventually } from '../harness/eventually.ts';
import { processesOf } from '../harness/process-table.ts';
import { resticPath } from '../harness/stock-restic.ts';
import { TestSystem } from '../harness/system.ts';
import { temporaryDir } from '../harness/temporary-dir.ts';
import { ended, expectWords, jobOf, startBackup } from './faults.fixture.ts';

const DAEMON_LIMIT_MIB = 250;
const HELPER_LIMIT_MIB = 700;

let system: TestSystem;
const dir = temporaryDir('flood');
const program = join(dir.path, 'restic');

/** A restic that is one, but for its backups. */
function playRestic(backup: string): void {
  const script = `#!/bin/sh
for word in "$@"; do
  if [ "$word" = backup ]; then
    ${backup}
  fi
done
exec ${resticPath()} "$@"
`;
  writeFileSync(program, script);
  chmodSync(program, 0o755);
}

beforeAll(async () => {
  playRestic(':');
  system = await TestSystem.start({
    env: { RESTIC_BIN: program },
    config: { jobs: { retryBaseMs: 60_000, retryMaxMs: 60_000 } },
  });
  const source = system.folder('source');
  writeFileSync(join(source, 'letter'), 'dear reader');
  await system.addPlan('documents', [source], ['--location', join(system.dir, 'backups')]);
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  dir[Symbol.dispose]();
});

const STATUS =
  '{"message_type":"status","percent_done":0.5,"total_files":2,"files_done":1,"total_bytes":2,"bytes_done":1}';

test.each([
  ['lines of text without end', 'exec yes "some words that mean nothing"'],
  ['complaints without end', 'exec yes "Load(<data/1>, 0, 0) returned error" >&2'],
  ['progress without end', `exec yes '${STATUS}'`],
  ['one line of zeros without end', 'exec cat /dev/zero'],
  ['something that begins like JSON and never ends', `printf '{"a":"'; exec tr '\\0' a < /dev/zero`],
])('%s: the agent stays small, answers, and the job can be cancelled', async (_what, script) => {
  playRestic(script);
  const { id } = await startBackup(system, 'documents');
  await eventually(async () => (await jobOf(system, id)).state === 'running', 'the job running');
  let [daemonMiB, helperMiB] = [0, 0];
  for (let look = 0; look < 30; look++) {
    const began = performance.now();
    expect((await jobOf(system, id)).state).toBe('running');
    expect(performance.now() - began).toBeLessThan(2_000);
    daemonMiB = Math.max(daemonMiB, memoryOf(system.daemonPid));
    helperMiB = Math.max(helperMiB, ...helpers().map(memoryOf));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(daemonMiB).toBeLessThan(DAEMON_LIMIT_MIB);
  expect(helperMiB).toBeLessThan(HELPER_LIMIT_MIB);
  expect(helperMiB).toBeGreaterThan(0);
  const cancelled = await system.cli(['job', 'cancel', id]);
  expect(cancelled.code).toBe(0);
  expect(await ended(system, id)).toMatchObject({ state: 'cancelled' });
  expectWords(await system.cli(['job', 'show', id]));
  expect(helpers()).toEqual([]);
});

test('a hundred thousand unreadable files: counted, twenty named, and no success without a snapshot', async () => {
  const error =
    '{"message_type":"error","error":{"message":"permission denied"},"during":"archival","item":"/secret"}';
  playRestic(`yes '${error}' | head -n 100000 >&2; exit 3`);
  const outcome = await system.cli(['backup', 'documents', '--detach', '--json']);
  const { id } = JSON.parse(outcome.stdout) as { id: string };
  const waiting = await eventually(
    async () => {
      const job = await jobOf(system, id);
      return job.state === 'waiting' && job;
    },
    'the job waiting for its next try',
    30_000,
  );
  expect(waiting.reason).toMatch(/without naming the snapshot/);
  const shown = await system.cli(['job', 'show', id]);
  expect(shown.stdout).toMatch(/without naming the snapshot/);
  expectWords(shown);
  await system.done(['job', 'cancel', id]);
});

test.each([
  ['garbage and exit code 1', 'yes "### %s ###" | head -n 200000; exit 1', /restic failed \(exit code 1\)/],
  ['an exit code nobody knows', 'exit 77', /restic failed \(exit code 77\)/],
  ['a panic', 'echo "panic: runtime error" >&2; exit 2', /restic failed \(exit code 2\)/],
  [
    'success without a summary',
    `yes '${STATUS}' | head -n 100000; exit 0`,
    /restic ended without naming the snapshot it made/,
  ],
])('%s is never green', async (_what, script, words) => {
  playRestic(script);
  const { id } = await startBackup(system, 'documents');
  const waiting = await eventually(
    async () => {
      const job = await jobOf(system, id);
      return job.state === 'waiting' && job;
    },
    'the job waiting for its next try',
    30_000,
  );
  expect(waiting.reason).toMatch(words);
  expectWords(await system.cli(['status']));
  await system.done(['job', 'cancel', id]);
});

const helpers = (): number[] =>
  processesOf(system.stateDir)
    .filter(({ commandLine }) => commandLine.includes('olares-backup-helper'))
    .map(({ pid }) => pid);

function memoryOf(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0; // it has ended
  }
}
