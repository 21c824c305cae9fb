#!/usr/bin/env node
// npm run proofs:restore -- [NAME …] [NUMBER]: the proofs of the restore, which the tests run a few times, in full.
// Without a NUMBER as often as below, without a NAME all of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const PROOFS = {
  property: ['helper/restore/property.test.ts', 1000],
  damaged: ['helper/restore/damaged.test.ts', 100],
  'fill-levels': ['helper/restore/fill-levels.test.ts', 20],
  resume: ['helper/restore/resume.test.ts', 5],
  kills: ['test/faults/restore-kills.test.ts', 100],
  races: ['helper/restore/races.test.ts', 1000],
};

const given = process.argv.slice(2);
const names = given.filter((word) => word in PROOFS);
const number = given.find((word) => /^[1-9]\d*$/.test(word));
if (given.length > names.length + (number === undefined ? 0 : 1)) {
  process.stderr.write(`usage: npm run proofs:restore -- [${Object.keys(PROOFS).join(' | ')}] [NUMBER]\n`);
  process.exit(2);
}
for (const name of names.length > 0 ? names : Object.keys(PROOFS)) {
  const [file, full] = PROOFS[name];
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const env = { ...process.env, RESTORE_PROOFS: number ?? String(full) };
  const child = spawn(process.execPath, [vitest, 'run', file], { cwd: root, env, stdio: 'inherit' });
  const stop = () => child.kill('SIGINT');
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
  const [code] = await once(child, 'exit');
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, stop);
  if (code !== 0) process.exit(code ?? 1);
}
