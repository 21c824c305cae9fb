#!/usr/bin/env node
// Measures the index of snapshots: node scripts/index-bench.mjs [files, default 1000000]
// The daemon's own code with a helper that makes the list up, so that no restic is in the figures.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const testing = join(root, 'daemon/snapshot-index/testing');
const files = Number(process.argv[2] ?? 1_000_000);
if (!Number.isSafeInteger(files) || files < 1) {
  process.stderr.write('usage: node scripts/index-bench.mjs [files]\n');
  process.exit(2);
}

const MAIN = `
import { measureIndex } from './measure.ts';
process.stdout.write(JSON.stringify(await measureIndex(JSON.parse(process.argv[2]))));
`;
const directory = mkdtempSync(join(tmpdir(), 'index-bench-'));
// Beside the modules it loads at run time.
const bundle = join(root, '.build', `index-bench-${process.pid}.mjs`);
try {
  await build({
    stdin: { contents: MAIN, resolveDir: testing, loader: 'ts' },
    outfile: bundle,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
  });
  const helper = [process.execPath, join(testing, 'list-helper.mjs'), String(files)];
  const options = JSON.stringify({ directory, helper });
  // A process of its own: what the build needed is not in its memory.
  const figures = JSON.parse(execFileSync(process.execPath, [bundle, options], { encoding: 'utf8' }));
  process.stdout.write(`files                    ${files}\n`);
  for (const [name, value] of Object.entries(figures))
    process.stdout.write(`${name.padEnd(24)} ${shown(name, value)}\n`);
} finally {
  rmSync(directory, { recursive: true, force: true });
  rmSync(bundle, { force: true });
}

function shown(name, value) {
  if (name.endsWith('Bytes')) return `${(value / 2 ** 20).toFixed(1)} MiB`;
  return name.endsWith('Ms') ? `${value.toFixed(1)} ms` : String(value);
}
