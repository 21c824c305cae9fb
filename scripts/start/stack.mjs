// The whole system on one machine: reference Space and agent, paired, as processes of their own.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { runProgram, startProgram } from './processes.mjs';

const OLARES_NAME = 'alice@olares.com';

/**
 * @param dir keeps everything; started again on the same one it goes on where it was
 * @param ports preferred ports `{space, page}`; a taken one is replaced by a free one. 0 = any
 */
export async function startStack({ root, dir, ports, log, spaceArgs = [] }) {
  const places = { spaceDir: join(dir, 'space'), stateDir: join(dir, 'agent') };
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const spacePort = await freePort(ports.space);
  const space = await startProgram({
    root,
    name: 'olares-space',
    args: ['--data', places.spaceDir, '--listen', `127.0.0.1:${spacePort}`, ...spaceArgs],
    log,
  });
  const pagePort = await freePort(ports.page);
  let agent;
  try {
    agent = await startAgent({ root, stateDir: places.stateDir, pagePort, log });
    const stack = {
      ...places,
      space,
      agent,
      cli: (args, more = {}) => cli({ root, stateDir: places.stateDir, args, ...more }),
    };
    await pair({ root, stack });
    return { ...stack, stop: () => stopAll([agent, space]) };
  } catch (error) {
    await stopAll([agent, space]);
    throw error;
  }
}

export function startAgent({ root, stateDir, pagePort, log, env }) {
  const args = ['--state-dir', stateDir, '--http', pagePort === undefined ? 'off' : `127.0.0.1:${pagePort}`];
  return startProgram({ root, name: 'olares-backupd', args, log, env });
}

function cli({ root, stateDir, args, ...more }) {
  return runProgram({ root, name: 'olares-backup', args: ['--state-dir', stateDir, ...args], ...more });
}

async function stopAll(programs) {
  for (const program of programs) await program?.stop();
}

/** Signs the machine in to the Space, unless it is already. */
async function pair({ root, stack }) {
  const status = JSON.parse((await must(stack.cli(['status', '--json']))).stdout);
  if (status.account?.spaceUrl === stack.space.ready.url && status.account.state === 'signed-in') return;
  const answer = await must(
    runProgram({
      root,
      name: 'olares-space',
      args: ['pairing-code', '--data', stack.spaceDir, '--name', OLARES_NAME, '--json'],
    }),
  );
  await must(
    stack.cli(['login', '--space', stack.space.ready.url, '--code', JSON.parse(answer.stdout).code]),
  );
}

/** The result of a program that has to succeed. */
export async function must(running) {
  const result = await running;
  if (result.code === 0) return result;
  throw new Error(`a step ended with code ${result.code}:\n${result.stderr || result.stdout}`);
}

/** A password file (0600) that stays the same for this directory; `made` tells whether it is new. */
export function passwordFile(dir) {
  const path = join(dir, 'backup-password.txt');
  if (existsSync(path)) return { path, made: false };
  const password = randomBytes(18).toString('base64url');
  writeFileSync(path, `${password}\n`, { mode: 0o600, flag: 'wx' });
  return { path, made: true };
}

function freePort(preferred) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) =>
      preferred !== 0 && error.code === 'EADDRINUSE' ? resolve(freePort(0)) : reject(error),
    );
    server.listen(preferred, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
