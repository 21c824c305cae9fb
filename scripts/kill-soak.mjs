#!/usr/bin/env node
// npm run soak:kills -- [NUMBER] [SEED]: the agent is killed NUMBER times (default 500) at random moments, then all
// that it acknowledged is looked for. The same as the test of faults, longer.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [kills = '500', seed] = process.argv.slice(2);
if (!/^[1-9]\d*$/.test(kills) || (seed !== undefined && !/^\d+$/.test(seed))) {
  process.stderr.write('usage: npm run soak:kills -- [NUMBER OF KILLS] [SEED]\n');
  process.exit(2);
}
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const env = { ...process.env, SOAK_KILLS: kills, ...(seed === undefined ? {} : { SOAK_SEED: seed }) };
const child = spawn(process.execPath, [vitest, 'run', 'test/faults/kill-cycles.test.ts'], {
  cwd: root,
  env,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => (process.exitCode = code ?? 1));
