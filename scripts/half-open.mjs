#!/usr/bin/env node
// node scripts/half-open.mjs: twenty links whose line dies without a word, each at another moment of the real heartbeat. Prints
// after how many seconds each was found; fails beyond 30 s.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const args = [vitest, 'run', 'test/integration/half-open.test.ts', '--silent=false'];
const child = spawn(process.execPath, args, {
  cwd: root,
  env: { ...process.env, HALF_OPEN: 'real' },
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => (process.exitCode = code ?? 1));
