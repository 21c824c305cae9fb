#!/usr/bin/env node
// npm run faults -- [all | WORDS,…] [AGENTS]: every cell of the fault matrix (test/faults/matrix/table.ts), or those with
// one of the words in their names, by several agents at a time (default 6). Prints a line per cell and a summary. The same
// as the test of faults, longer.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [wanted = 'all', agents = '6'] = process.argv.slice(2);
if (!/^[1-9]\d?$/.test(agents) || wanted.startsWith('-')) {
  process.stderr.write('usage: npm run faults -- [all | WORDS,…] [AGENTS]\n');
  process.exit(2);
}
const dir = mkdtempSync(join(tmpdir(), 'fault-matrix-'));
const report = join(dir, 'report.json');
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const startedAt = performance.now();
const child = spawn(
  process.execPath,
  [vitest, 'run', 'test/faults/matrix.test.ts', '--reporter=dot', '--silent=false'],
  {
    cwd: root,
    env: { ...process.env, FAULT_MATRIX: wanted, FAULT_AGENTS: agents, FAULT_REPORT: report },
    stdio: 'inherit',
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
  try {
    summarize(JSON.parse(readFileSync(report, 'utf8')));
  } catch {
    process.stdout.write('no report: it did not come to its end\n');
    process.exitCode = 1;
  }
  rmSync(dir, { recursive: true });
});

function summarize(outcomes) {
  const failed = outcomes.filter(({ error }) => error !== undefined);
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  const slowest = outcomes.toSorted((one, other) => other.seconds - one.seconds)[0];
  process.stdout.write(
    `${outcomes.length - failed.length} of ${outcomes.length} cells as the table says, in ${minutes} min with ${agents} agents; ` +
      `the slowest: ${slowest.name}, ${slowest.seconds} s\n`,
  );
  for (const { name, error } of failed) process.stdout.write(`FAILED ${name}: ${error}\n`);
}
