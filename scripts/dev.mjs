#!/usr/bin/env node
// `npm run dev`: Space and agent on `.dev/`; every saved file is built, and what changed is started again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { INPUT_FOLDERS, PAGES } from './build.mjs';
import { startStack } from './start/stack.mjs';

/** Editors and git write several files at once. */
const QUIET_MS = 200;
const IGNORED = /(^|\/)(node_modules|\.|[^/]*\.test\.tsx?$|[^/]*~$)/;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const devDir = join(root, '.dev');
const say = (text = '') => process.stdout.write(`${text}\n`);

async function main() {
  mkdirSync(devDir, { recursive: true, mode: 0o700 });
  const log = createWriteStream(join(devDir, 'log.jsonl'), { flags: 'a', mode: 0o600 });
  const changes = watchSources();
  const stopped = stopSignal();
  let stack = await start(log);
  try {
    for (;;) {
      const files = await Promise.race([changes.next(), stopped]);
      if (files === undefined) return;
      say(
        `\nChanged: ${files.slice(0, 3).join(', ')}${files.length > 3 ? ` and ${files.length - 3} more` : ''}`,
      );
      if (!(await build())) say('The build failed; the former one goes on.');
      else if (files.every(isOfPage)) say('Reload the page in the browser.');
      else {
        await stack?.stop();
        stack = await start(log);
      }
    }
  } finally {
    say('\nStopping ...');
    changes.close();
    await stack?.stop();
    log.end();
  }
}

/** A program that does not start is told, and tried again at the next change. */
async function start(log) {
  try {
    const stack = await startStack({ root, dir: devDir, ports: { space: 8700, page: 8640 }, log });
    await sayWhere(stack);
    return stack;
  } catch (error) {
    say(`Not started: ${error.message}`);
    return undefined;
  }
}

async function sayWhere(stack) {
  const opened = await stack.cli(['open', '--json']);
  say(`\nThe agent's page:    ${opened.code === 0 ? JSON.parse(opened.stdout).url : 'off'}`);
  say(`The Space's console: ${stack.space.ready.console}`);
  say(`The command line:    npx olares-backup --state-dir ${stack.stateDir} status`);
  say(`What both log:       ${join(devDir, 'log.jsonl')}`);
  say('Waiting for changes; Ctrl-C stops.');
}

/** In a process of its own, so that a change of the build itself counts too. */
async function build() {
  const child = spawn(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return code === 0;
}

const isOfPage = (file) => Object.values(PAGES).some((folder) => file.startsWith(`${folder}/`));

/** `next()`: the files that changed since it was called last, once nothing more was written for a moment. */
function watchSources() {
  const changed = new Set();
  let timer;
  let wake = () => {};
  const note = (file) => {
    if (IGNORED.test(file)) return;
    changed.add(file);
    clearTimeout(timer);
    timer = setTimeout(() => wake(), QUIET_MS);
  };
  const watchers = INPUT_FOLDERS.map((folder) =>
    watch(join(root, folder), { recursive: true }, (_event, name) => note(join(folder, name ?? ''))),
  );
  return {
    async next() {
      if (changed.size === 0) await new Promise((resolve) => (wake = resolve));
      const files = [...changed];
      changed.clear();
      return files;
    },
    close() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}

function stopSignal() {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => done(undefined));
  });
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
