#!/usr/bin/env node
// `npm start [-- PATH] [-- --once]`: the whole system on this machine, with a first snapshot of a real folder.
import { createWriteStream, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runOnce } from './start/once.mjs';
import { must, passwordFile, startStack } from './start/stack.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const devDir = join(root, '.dev');
const PLAN = 'my-files';

const HELP = `npm start                 Space and agent on this machine, a first snapshot of this checkout, stays up
npm start -- PATH         the same with another folder
npm start -- --once       the whole circle once: snapshot, restore proposed by Space, compared; then ends
`;

const say = (text = '') => process.stdout.write(`${text}\n`);

async function main() {
  const { values, positionals } = readArguments();
  if (values.help) return process.stdout.write(HELP);
  const source = resolve(positionals[0] ?? root);
  if (!existsSync(source) || !statSync(source).isDirectory())
    throw new Error(`${source} is not a folder; say: npm start -- PATH`);
  if (values.once) return runOnce({ root, source, excludes: [devDir], say });
  return runOn(source);
}

function readArguments() {
  return parseArgs({
    allowPositionals: true,
    options: { once: { type: 'boolean' }, help: { type: 'boolean' } },
  });
}

async function runOn(source) {
  mkdirSync(devDir, { recursive: true, mode: 0o700 });
  const log = createWriteStream(join(devDir, 'log.jsonl'), { flags: 'a', mode: 0o600 });
  say('Starting the reference Space and the backup agent on this machine ...');
  const stack = await startStack({ root, dir: devDir, ports: { space: 8700, page: 8640 }, log });
  const stopped = stopSignal();
  try {
    const name = await ensurePlan(stack, source);
    say(`\nTaking a snapshot of ${source} ...\n`);
    const backup = await stack.cli(['backup', name], { show: true });
    if (![0, 3].includes(backup.code))
      say(`The snapshot did not succeed (exit code ${backup.code}); the agent stays up.`);
    say();
    await stack.cli(['usage', '--refresh'], { show: true });
    await sayWhere(stack, name);
    await stopped;
  } finally {
    say('\nStopping ...');
    await stack.stop();
    log.end();
  }
}

/** One plan per source; the same source again is the same plan. */
async function ensurePlan(stack, source) {
  const plans = JSON.parse((await must(stack.cli(['plan', 'list', '--json']))).stdout);
  const known = plans.find((plan) => plan.paths.includes(source) && plan.state !== 'unarmed');
  if (known) return known.name;
  const password = passwordFile(devDir);
  const name = plans.some((plan) => plan.name === PLAN) ? `${PLAN}-${plans.length + 1}` : PLAN;
  const kit = join(devDir, `recovery-kit-${name}.txt`);
  const what = ['--path', source, '--exclude', devDir, '--schedule', 'daily', '--at', '03:00'];
  await must(
    stack.cli(['plan', 'add', name, ...what, '--password-file', password.path, '--kit-file', kit, '--yes']),
  );
  say(`\nAdded the plan "${name}" with a password made for this trial: ${password.path}`);
  return name;
}

async function sayWhere(stack, name) {
  const opened = await stack.cli(['open', '--json']);
  const page = opened.code === 0 ? JSON.parse(opened.stdout).url : undefined;
  const cli = `npx olares-backup --state-dir ${stack.stateDir}`;
  say(`\nThe agent's page (link works for a minute): ${page ?? 'off'}`);
  say(`The Space's console (link works once):      ${stack.space.ready.console}`);
  say(`\nTry in another terminal, in this folder:`);
  say(`  ${cli} status`);
  say(
    `  ${cli} restore latest --plan ${name} --target /tmp/restored   (password: ${join(devDir, 'backup-password.txt')})`,
  );
  say(`  ${cli} open                    a fresh link to the page`);
  say('\nCtrl-C stops both.');
}

function stopSignal() {
  return new Promise((done) => {
    process.once('SIGINT', done);
    process.once('SIGTERM', done);
  });
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
