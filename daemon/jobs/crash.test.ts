import Database from 'better-sqlite3';
import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JOB_END_STATES, type JobState } from '../../contract/index.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { TRANSITIONS } from './state-table.ts';

const KILLS = Number(process.env['CRASH_KILLS'] ?? 50);
const root = join(import.meta.dirname, '..', '..');
let dir: string;
let program: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'crash-'));
  // Below the checkout, so that the database's native module is found.
  mkdirSync(join(root, '.build'), { recursive: true });
  program = mkdtempSync(join(root, '.build', 'crash-'));
  await build({
    entryPoints: [join(import.meta.dirname, 'testing', 'crash-child.ts')],
    outfile: join(program, 'child.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['better-sqlite3'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
  rmSync(program, { recursive: true, force: true });
});

/** Runs the agent, kills it while it starts or after so many words, and answers with what it had said by then. */
async function runAndKill(path: string, n: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(program, 'child.mjs'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = () => child.kill('SIGKILL');
  const words = 1 + ((n * 7) % 23);
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    // Not in step with the words, which follow the commits.
    if (said.split('\n').length > words) setTimeout(kill, n % 4);
  });
  const timer = n % 5 === 0 ? setTimeout(kill, 60 + ((n * 37) % 150)) : undefined;
  await once(child, 'close');
  clearTimeout(timer);
  return said.slice(0, said.lastIndexOf('\n') + 1).split('\n');
}

const idsIn = (lines: readonly string[], word: string): string[] =>
  lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));

function historyOf(store: Store): Map<string, JobState[]> {
  const histories = new Map<string, JobState[]>();
  for (const { kind, body } of store.events.after(0, 1e6)) {
    if (kind !== 'job.state') continue;
    histories.set(body.job.id, [...(histories.get(body.job.id) ?? []), body.job.state]);
  }
  return histories;
}

function isPossible(history: readonly JobState[]): boolean {
  return history.every((state, index) => {
    const before = history[index - 1];
    if (before === undefined) return state === 'queued';
    return (Object.values(TRANSITIONS[before]) as JobState[]).includes(state);
  });
}

test(
  `${KILLS} times SIGKILL: no acknowledged job is lost or doubled, the database stays sound`,
  async () => {
    const path = join(dir, 'state', 'state.db');
    const said: string[] = [];
    for (let n = 0; n < KILLS; n++) said.push(...(await runAndKill(path, n)));

    const store = openStore({ path, clock: systemClock, log: silentLog });
    expect(store.recoveredFrom).toBeUndefined();
    const requested = new Set(idsIn(said, 'requested'));
    const ended = idsIn(said, 'ended');
    expect(requested.size).toBeGreaterThan(KILLS / 2);
    expect(ended.length).toBeGreaterThan(KILLS / 2);
    const histories = historyOf(store);
    for (const id of requested) {
      const history = histories.get(id) ?? [];
      expect(isPossible(history), `${id}: ${history.join(' ')}`).toBe(true);
      expect(store.jobs.get(id)?.state).toBe(history.at(-1));
      const isEnded = JOB_END_STATES.has(history.at(-1) ?? 'queued');
      expect(store.facts.get(`ledger.${id}`)).toBe(isEnded ? 1 : undefined);
    }
    for (const id of ended) expect(JOB_END_STATES.has(store.jobs.get(id)?.state ?? 'queued')).toBe(true);
    store.close();
    const db = new Database(path, { readonly: true });
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    db.close();
  },
  30_000 + KILLS * 3_000,
);

test('a state directory that an agent of another process uses is refused, and free once that one was killed', async () => {
  const path = join(dir, 'shared', 'state.db');
  const open = () => openStore({ path, clock: systemClock, log: silentLog });
  const child = spawn(process.execPath, [join(program, 'child.mjs'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  expect(open).toThrow(`another agent uses this state directory (pid ${child.pid})`);
  child.kill('SIGKILL');
  await once(child, 'close');
  open().close();
});
