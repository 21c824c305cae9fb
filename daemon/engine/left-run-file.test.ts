import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { createEngine } from './create-engine.ts';
import type { HelperProcess } from './engine.ts';

const PID = 4_000_001;
const RESULT = { type: 'result', result: { version: '0.19.1', path: '/usr/bin/restic' } };

async function* lines(): AsyncGenerator<string> {
  yield JSON.stringify(RESULT);
}

it('survives a run file that cannot be cleared away', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'left-'));
  // A directory in the place of the file cannot be removed as one.
  mkdirSync(join(stateDir, 'run', 'helpers', `${PID}.json`), { recursive: true });
  const helper: HelperProcess = {
    pid: PID,
    lines: lines(),
    send: () => undefined,
    kill: () => undefined,
    ended: Promise.resolve({ code: 0, stderrTail: '' }),
  };
  const engine = createEngine({
    launcher: { launch: () => helper },
    stateDir,
    clock: systemClock,
    log: silentLog,
  });
  expect(await engine.run({ verb: 'version' })).toMatchObject({ version: '0.19.1' });
  // An unheard rejection would fail this test, as it would end the daemon.
  await engine.close();
  await expect(engine.recover()).resolves.toBeUndefined();
  rmSync(stateDir, { recursive: true });
});
