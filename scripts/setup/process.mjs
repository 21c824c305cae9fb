// Starting other programs during set-up: their output is kept and shown only when they fail.
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A thing set-up cannot do; `todo` is the one thing a person can type about it. */
export class SetupProblem extends Error {
  constructor(message, todo, cause) {
    super(message, { cause });
    this.todo = todo;
  }
}

/** Runs a program without a shell; answers its exit code and everything it printed. Never throws for a failure. */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    }
    child.on('error', (error) => resolve({ ok: false, code: undefined, output: error.message }));
    child.on('close', (code) => resolve({ ok: code === 0, code, output }));
  });
}

export function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

/** The path of a program on PATH or in one of the extra folders, or undefined. */
export function findProgram(name, extraFolders = []) {
  const folders = [...extraFolders, ...(process.env.PATH ?? '').split(delimiter)];
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find(isProgram);
}

export function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // not there, or not ours to start: both mean "look further"
  }
}

export const isRoot = () => process.getuid?.() === 0;
