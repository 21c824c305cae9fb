// The whole circle once, by itself: snapshot, usage, a restore that Space proposes, a wrong password, the right one,
// and a comparison of what came back, bit for bit.
import { createWriteStream, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { compareTrees } from './compare-trees.mjs';
import { openConsole } from './console.mjs';
import { must, passwordFile, startStack } from './stack.mjs';

const PLAN = 'once';
const WAIT_MS = 30_000;

export async function runOnce({ root, source, excludes, say }) {
  const dir = mkdtempSync(join(tmpdir(), 'olares-backup-once-'));
  const log = createWriteStream(join(dir, 'log.jsonl'), { mode: 0o600 });
  let stack;
  let passed = false;
  try {
    say('1. Starting the reference Space and the agent, paired ...');
    stack = await startStack({ root, dir, ports: { space: 0, page: 0 }, log });
    const password = passwordFile(dir);
    await addPlan({ stack, source, excludes, password, dir });
    say(`2. Taking a snapshot of ${source} ...`);
    const taken = await timed(() => must(stack.cli(['backup', PLAN, '--json'])));
    const job = JSON.parse(taken.value.stdout);
    say(
      `   ${job.result.filesTotal} files, ${mib(job.result.bytesTotal)}, ${mib(job.result.addedBytes)} uploaded in ${taken.seconds} s`,
    );
    const usage = JSON.parse((await must(stack.cli(['usage', '--refresh', '--json']))).stdout);
    say(`   Space: ${mib(usage.usedBytes)} of ${mib(usage.totalBytes)} used`);
    const code = await proposeRestore({ stack, say });
    const target = join(dir, 'restored');
    await tryWrongPassword({ stack, code, target, dir, say });
    await restore({ stack, code, target, password, say });
    await compare({ source, target, excludes, say });
    passed = true;
    say('\nDone: what Space holds came back bit for bit, after the password was typed here.');
  } finally {
    await stack?.stop();
    await new Promise((resolve) => log.end(resolve));
    if (passed) rmSync(dir, { recursive: true, force: true });
    else say(`\nKept for a look: ${dir}`);
  }
}

async function addPlan({ stack, source, excludes, password, dir }) {
  const args = ['plan', 'add', PLAN, '--path', source, '--schedule', 'daily', '--at', '03:00', '--yes'];
  const keys = ['--password-file', password.path, '--kit-file', join(dir, 'recovery-kit.txt')];
  await must(stack.cli([...args, ...excludes.flatMap((path) => ['--exclude', path]), ...keys]));
}

/** Presses `Restore to local` in the Space's console and waits until the agent shows the request. */
async function proposeRestore({ stack, say }) {
  const console_ = await openConsole(stack.space.ready.console);
  const found = await until('the snapshot in the Space', async () => {
    const account = (await console_.state()).accounts[0];
    const backup = account?.backups[0];
    if (!account || !backup) return undefined;
    const snapshot = (await console_.snapshots(account.id, backup.id)).find(
      ({ status }) => status === 'Completed',
    );
    return snapshot && { accountId: account.id, backupId: backup.id, snapshotId: snapshot.id };
  });
  await console_.proposeRestore({ ...found, note: 'a trial of the whole circle' });
  const request = await until('the proposal at the agent', async () => {
    const requests = JSON.parse((await must(stack.cli(['request', 'list', '--json']))).stdout);
    return requests[0];
  });
  say(`3. Space proposed a restore over WebSocket; at the machine it has the code ${request.code}`);
  return request.code;
}

async function tryWrongPassword({ stack, code, target, dir, say }) {
  const wrong = join(dir, 'wrong-password.txt');
  writeFileSync(wrong, 'not the password of this plan\n', { mode: 0o600 });
  const tried = await timed(() =>
    stack.cli(['restore', code, '--target', target, '--password-file', wrong, '--yes']),
  );
  if (tried.value.code !== 12)
    throw new Error(`a wrong password ended with code ${tried.value.code}:\n${tried.value.stderr}`);
  if (existsSync(target)) throw new Error('a wrong password left something at the target');
  say(`4. A wrong password: refused after ${tried.seconds} s, nothing downloaded`);
  for (const line of tried.value.stderr.trim().split('\n').slice(-3)) say(`   | ${line}`);
}

async function restore({ stack, code, target, password, say }) {
  const done = await timed(() =>
    must(
      stack.cli(['restore', code, '--target', target, '--password-file', password.path, '--yes', '--json']),
    ),
  );
  const job = JSON.parse(done.value.stdout);
  say(
    `5. The right one: ${job.result.filesRestored} files, ${mib(job.result.bytesRestored)} restored in ${done.seconds} s, ${job.result.filesVerified} verified`,
  );
  const { count, first } = job.result.stripped;
  if (count > 0) say(`   | left out on purpose: ${first[0].path}: ${first[0].reason} (${count} in all)`);
}

async function compare({ source, target, excludes, say }) {
  const ignore = excludes.map((path) => relative(source, path)).filter((path) => !path.startsWith('..'));
  const { entries, differences } = await compareTrees(source, target, { ignore, setIds: false });
  if (differences.length > 0) throw new Error(`the restored tree differs:\n${differences.join('\n')}`);
  say(
    `6. Compared ${entries} files and folders: content, names, modes, owners, times, links and attributes are the same`,
  );
}

async function until(what, look) {
  const end = performance.now() + WAIT_MS;
  while (performance.now() < end) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${what} did not appear within ${WAIT_MS / 1000} s`);
}

async function timed(work) {
  const start = performance.now();
  const value = await work();
  return { value, seconds: ((performance.now() - start) / 1000).toFixed(1) };
}

const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
