// Stands in for the helper program at the process border, for ways to behave that the real one never shows on demand.
// The first path of a `backup` request (or the path of `ls`) names the way.
import { createInterface } from 'node:readline';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const version = (text) => say({ type: 'result', result: { version: text, path: '/restic' } });
const summary = {
  snapshotId: 'a'.repeat(64),
  filesNew: 1,
  filesChanged: 0,
  filesUnmodified: 0,
  filesTotal: 1,
  bytesTotal: 5,
  addedBytes: 5,
  skipped: { count: 0, first: [] },
};

const ways = {
  '/well': () => say({ type: 'result', result: summary }),
  '/environment': () =>
    say({ type: 'error', error: { code: 'failed', message: readFileSync('/proc/self/environ', 'utf8') } }),
  '/dies': () => {
    process.stderr.write('out of luck\n');
    process.exitCode = 7;
  },
  '/killed': () => process.kill(process.pid, 'SIGKILL'),
  '/garbage': () => {
    process.stdout.write('{"half":\nnot json at all\n\n[]\n{"type":"dance"}\n\u0000\u0001\n');
    say({ type: 'result', result: summary });
  },
  '/long-line': () => {
    say({ type: 'log', level: 'info', message: 'x'.repeat(20 * 1024 * 1024) });
    say({ type: 'result', result: summary });
  },
  '/endless-line': () => {
    const chunk = 'x'.repeat(1024 * 1024);
    const write = () => {
      while (process.stdout.write(chunk));
      process.stdout.once('drain', write);
    };
    write();
  },
  '/wrong-shape': () => say({ type: 'result', result: { snapshotId: 'short' } }),
  '/unknown-code': () => say({ type: 'error', error: { code: 'weird', message: 'odd' } }),
  '/locked': () =>
    say({ type: 'error', error: { code: 'repository_locked', message: 'locked by x', retry: 'backoff' } }),
  '/waits': () => say({ type: 'ready' }),
  '/deaf': () => {
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    writeFileSync(`${process.argv.at(-1)}/deaf-child`, String(child.pid));
    say({ type: 'ready' });
  },
  '/leaves-a-child': () => {
    const child = spawn('sleep', ['30'], { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
    writeFileSync(`${process.argv.at(-1)}/left-child`, String(child.pid));
    child.unref();
    process.kill(process.pid, 'SIGKILL');
  },
  '/leaves-its-restic': () => {
    const stateDir = process.argv.at(-1);
    const asked = `${stateDir}/left-asked`;
    const ready = `${stateDir}/left-ready`;
    const script = `trap 'echo asked >${asked}; sleep 0.1; exit' INT; >${ready}; while :; do sleep 0.01; done`;
    const restic = spawn('sh', ['-c', script], { stdio: 'ignore', detached: true });
    const ticks = (pid) => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[19]);
    const { pid } = process;
    const run = { pid, startTicks: ticks(pid), resticPid: restic.pid, resticStartTicks: ticks(restic.pid) };
    mkdirSync(`${stateDir}/run/helpers`, { recursive: true });
    writeFileSync(`${stateDir}/run/helpers/${pid}.json`, JSON.stringify(run));
    writeFileSync(`${stateDir}/left-child`, String(restic.pid));
    while (!existsSync(ready));
    process.kill(pid, 'SIGKILL');
  },
  '/credentials': () => {
    say({ type: 'progress', progress: { phase: 'uploading', filesDone: 3, bytesDone: 9 } });
    say({ type: 'credentials-needed' });
    say({ type: 'credentials-needed' });
  },
};

let way = '';
const alive = setInterval(() => undefined, 60_000);
const input = createInterface({ input: process.stdin });
function leave() {
  clearInterval(alive);
  input.close();
  process.stdin.destroy();
}
input.on('line', (line) => {
  const message = JSON.parse(line);
  if (message.verb === 'version') {
    version(process.argv.slice(2).join(' '));
    leave();
    return;
  }
  if (message.verb === 'backup') {
    way = message.paths[0];
    ways[way]();
    if (!['/waits', '/deaf', '/credentials', '/endless-line'].includes(way)) {
      leave();
    }
    return;
  }
  if (message.type === 'credentials') {
    say({ type: 'result', result: { ...summary, snapshotId: message.credentials.accessKeyId.repeat(64) } });
    leave();
  }
  if (message.type === 'cancel' && way !== '/deaf') {
    say({ type: 'error', error: { code: 'cancelled', message: 'stopped cleanly' } });
    leave();
  }
});
