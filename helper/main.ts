#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HELPER_PROGRAMS, type HelperProgram } from '../contract/helper-messages.ts';
import { serve } from './protocol.ts';
import { handle, preload } from './verbs.ts';

const HELP = `olares-backup-helper PROGRAM --state-dir DIR

The privileged worker of the backup agent, started by olares-backupd for one request each.
Reads the request as a line of JSON from standard input, writes progress and the answer as lines of JSON.

PROGRAM  engine | restore | keycheck
`;
const USAGE_EXIT_CODE = 2;
/** After an answer nothing should keep the process; if something does, it must not. */
const BACKSTOP_MS = 5_000;

// Programs in dist/ and sources in helper/ both lie one directory below the root.
const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));

function main(args: readonly string[]): Promise<void> | void {
  if (args.includes('--help')) return void process.stdout.write(HELP);
  if (args.includes('--version')) return void process.stdout.write(`${packageVersion()}\n`);
  const [program, option, stateDir, ...rest] = args;
  if (
    !isProgram(program) ||
    option !== '--state-dir' ||
    !stateDir ||
    !isAbsolute(stateDir) ||
    rest.length > 0
  ) {
    process.stderr.write(HELP);
    process.exitCode = USAGE_EXIT_CODE;
    return;
  }
  return run(program, stateDir);
}

async function run(program: HelperProgram, stateDir: string): Promise<void> {
  process.umask(0o077);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  // Node would open its debugger on a port at this signal.
  process.on('SIGUSR1', () => {});
  await serve({
    program,
    stateDir,
    clock: Date.now,
    stop: stop.signal,
    input: process.stdin,
    output: process.stdout,
    handle,
    ...(program === 'engine' && { preload }),
    places: {
      resticBin: process.env['RESTIC_BIN'],
      path: process.env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      packageRoot,
      credentialsDirectory: process.env['CREDENTIALS_DIRECTORY'],
    },
  });
  setTimeout(() => process.exit(), BACKSTOP_MS).unref();
}

function isProgram(name: string | undefined): name is HelperProgram {
  return (HELPER_PROGRAMS as readonly (string | undefined)[]).includes(name);
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

void main(process.argv.slice(2));
