#!/usr/bin/env node
// Makes a checkout ready: `node scripts/setup.mjs start|test|build`. Does only what is missing, may be run at any
// time and twice at once, and needs nothing but Node and npm itself.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { linkPrograms } from './setup/programs.mjs';
import { takeLock } from './setup/lock.mjs';
import { checkNodeVersion, checkPlatform } from './setup/platform.mjs';
import { ensureMoto } from './setup/moto.mjs';
import { installPackages } from './setup/packages.mjs';
import { SetupProblem } from './setup/process.mjs';
import { ensureRestic } from './setup/restic.mjs';
import { ensureSystemTools } from './setup/system-tools.mjs';
import { ensureTestServers } from './setup/test-servers.mjs';

const JOBS = ['start', 'test', 'build'];
const root = dirname(dirname(fileURLToPath(import.meta.url)));

async function main(job) {
  if (!JOBS.includes(job))
    throw new SetupProblem(`unknown job "${job ?? ''}"`, `node scripts/setup.mjs ${JOBS.join('|')}`);
  checkPlatform();
  checkNodeVersion();
  const release = await takeLock(root, say);
  try {
    await installPackages({ root, say });
    await Promise.all([ensureRestic({ root, say }), ensureSystemTools({ root, job, say, warn })]);
    // After bubblewrap, in which some of them run.
    if (job === 'test')
      await Promise.all([ensureMoto({ root, say, warn }), ensureTestServers({ root, say, warn })]);
    // Loaded late: the build imports packages that were perhaps installed just now.
    const { build } = await import('./build.mjs');
    await build({ root, say });
    linkPrograms(root);
  } finally {
    release();
  }
}

function say(text) {
  process.stderr.write(`set-up: ${text}\n`);
}

function warn(text, todo) {
  say(`${text}. Type: ${todo}`);
}

function report(error) {
  if (error instanceof SetupProblem) warn(error.message, error.todo);
  else if (error.code === 'EACCES' || error.code === 'EPERM') {
    warn(`${error.path ?? root} is not writable for this user`, `sudo chown -R "$(id -un)" ${root}`);
  } else say(`stopped by a fault of its own: ${error.stack}`);
  process.exitCode = 1;
}

main(process.argv[2]).catch(report);
