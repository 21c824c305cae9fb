// Starts the project's own programs and ends them again, by their PID.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const READY_WITHIN_MS = 30_000;

/**
 * `user`: `{ uid, gid }` to run it as, for root.
 * @returns the program's ready line as an object, and how to stop it
 */
export async function startProgram({ root, name, args, env = {}, user = {}, log }) {
  const child = spawn(process.execPath, [join(root, 'dist', `${name}.mjs`), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...user,
  });
  const lines = createInterface({ input: child.stdout });
  const said = [];
  const keep = (line) => {
    said.push(line);
    if (said.length > 20) said.shift();
    log?.write(`${name}: ${line}\n`);
  };
  createInterface({ input: child.stderr }).on('line', keep);
  const ready = await new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${name} was not ready in time:\n${said.join('\n')}`)),
      READY_WITHIN_MS,
    );
    lines.on('line', (line) => {
      keep(line);
      const message = parse(line);
      if (message?.ready !== true) return;
      clearTimeout(timer);
      resolve(message);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`${name} ended with code ${code}:\n${said.join('\n')}`));
    });
  });
  return { name, ready, child, stop: () => stopProgram(child) };
}

async function stopProgram(child) {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = await ended;
  return code;
}

function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * Runs a program to its end. `show`: its output goes to this terminal.
 * @param {{ root: string, name: string, args: string[], show?: boolean, input?: string }} options
 */
export async function runProgram({ root, name, args, show = false, input }) {
  const child = spawn(process.execPath, [join(root, 'dist', `${name}.mjs`), ...args], {
    stdio: [input === undefined ? 'ignore' : 'pipe', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
  });
  child.stdin?.end(input);
  const [stdout, stderr] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, 'exit'),
  ]);
  return { code: child.exitCode, stdout, stderr };
}

async function textOf(stream) {
  if (!stream) return '';
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
