#!/usr/bin/env node
// npm run soak:keys: two uploads of more than five minutes with storage keys that live 15 s, the second with Space away
// for a minute in the middle. Prints the figures. The same as the test of faults, longer.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const args = [vitest, 'run', 'test/faults/short-keys.test.ts', '--silent=false'];
const child = spawn(process.execPath, args, {
  cwd: root,
  env: { ...process.env, SHORT_KEYS: 'long' },
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => (process.exitCode = code ?? 1));
