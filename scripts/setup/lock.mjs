// One set-up per checkout at a time. The lock is an abstract unix socket: the kernel frees it with the process
// that held it, so a killed set-up leaves nothing stale behind.
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { connect, createServer } from 'node:net';

/** Waits for other set-ups of this checkout, then holds the lock until the returned function is called. */
export async function takeLock(root, say) {
  const { dev, ino } = statSync(root);
  const id = createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 24);
  const path = `\0olares-backup-setup-${id}`;
  for (let told = false; ; told = true) {
    const release = await listen(path);
    if (release) return release;
    if (!told) say('another set-up of this checkout is running; waiting for it');
    await untilGone(path);
  }
}

function listen(path) {
  return new Promise((resolve, reject) => {
    // A waiting set-up connects and stays connected: the end of the connection is its sign that the lock is free.
    const waiting = new Set();
    const server = createServer((socket) => waiting.add(socket.on('error', () => {}).unref()));
    const release = () => {
      server.close();
      waiting.forEach((socket) => socket.destroy());
    };
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    server.listen(path, () => resolve(release));
    server.unref();
  });
}

function untilGone(path) {
  return new Promise((resolve) => {
    connect({ path })
      .on('error', () => {})
      .on('close', resolve)
      .resume();
  });
}
