#!/usr/bin/env node
// `npm run real-input [-- PATH…]`: real files in quantity, to a Space and back, and compared bit for bit.
import { execFileSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareTrees } from './start/compare-trees.mjs';
import { must, passwordFile, startStack } from './start/stack.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const MIN_FILES = 20_000;
const MIN_BYTES = 1e9;
const PLAN = 'real-input';
/** Other programs write there meanwhile. */
const CACHES = ['.vite', '.vite-temp', '.cache'];
/** A restore takes the set-user and set-group bits of files away, on purpose. */
const STRIPPED = /: mode [2467](\d{3}) became \1$/;
const say = (text) => process.stdout.write(`${text}\n`);

async function main() {
  const given = process.argv.slice(2);
  const wanted = given.length > 0 ? given : ['/usr/share', '/usr/lib', join(root, 'node_modules')];
  const sources = wanted.map((path) => resolve(path)).filter((path) => existsSync(path));
  const dir = mkdtempSync(join(tmpdir(), 'olares-backup-real-input-'));
  const log = createWriteStream(join(dir, 'log.jsonl'), { mode: 0o600 });
  let stack;
  let passed = false;
  try {
    stack = await startStack({ root, dir, ports: { space: 0, page: 0 }, log });
    passed = await circle({ stack, dir, sources });
  } finally {
    await stack?.stop();
    await new Promise((done) => log.end(done));
    if (passed) rmSync(dir, { recursive: true, force: true });
    else say(`Kept for a look: ${dir}`);
  }
}

async function circle({ stack, dir, sources }) {
  const password = passwordFile(dir).path;
  const paths = sources.flatMap((path) => ['--path', path]);
  const excludes = sources.flatMap((path) => CACHES.flatMap((name) => ['--exclude', join(path, name)]));
  const secret = ['--yes', '--password-file', password];
  await must(stack.cli(['plan', 'add', PLAN, ...paths, ...excludes, '--schedule', 'manual', ...secret]));
  say(`Sources: ${sources.join(', ')} on ${process.arch}, Node ${process.version}`);

  const first = await job(stack, ['backup', PLAN]);
  const { filesTotal, bytesTotal, addedBytes } = first.result;
  say(
    `First snapshot: ${filesTotal} files, ${mib(bytesTotal)}, ${mib(addedBytes)} stored, ${first.seconds} s`,
  );
  requireEnough(filesTotal, bytesTotal);
  const second = await job(stack, ['backup', PLAN]);
  say(`Second, unchanged: ${mib(second.result.addedBytes)} stored, ${second.seconds} s`);

  const target = join(dir, 'restored');
  const restored = await job(stack, ['restore', 'latest', '--plan', PLAN, '--target', target, ...secret]);
  const { filesRestored, bytesRestored } = restored.result;
  say(`Restore: ${filesRestored} files, ${mib(bytesRestored)}, verified, ${restored.seconds} s`);
  return await compareAll(sources, target);
}

async function job(stack, args) {
  const start = performance.now();
  const { stdout } = await must(stack.cli([...args, '--json']));
  return { ...JSON.parse(stdout), seconds: ((performance.now() - start) / 1000).toFixed(1) };
}

function requireEnough(files, bytes) {
  if (files >= MIN_FILES && bytes >= MIN_BYTES) return;
  throw new Error(
    `that is too little to show anything: name paths with ${MIN_FILES} files and ${mib(MIN_BYTES)}`,
  );
}

/** Several sources come back each under its own name. */
async function compareAll(sources, target) {
  let isSame = true;
  for (const source of sources) {
    const place = sources.length === 1 ? target : join(target, nameIn(target, source));
    const compared = await compareTrees(source, place, { ignore: CACHES });
    const differences = compared.differences.filter((text) => !STRIPPED.test(text));
    const stripped = compared.differences.length - differences.length;
    say(
      `Compared ${source}: ${compared.entries} entries, ${differences.length} differences, ${stripped} set-id bits taken away`,
    );
    differences.forEach((difference) => say(`  ${difference}`));
    isSame &&= differences.length === 0;
  }
  say(isSame ? 'All of it came back bit for bit.' : 'NOT the same.');
  if (!isSame) process.exitCode = 1;
  return isSame;
}

function nameIn(target, source) {
  const names = execFileSync('ls', ['-1', target], { encoding: 'utf8' }).trim().split('\n');
  return names.find((name) => source.endsWith(`/${name}`)) ?? source.slice(1);
}

const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

await main();
