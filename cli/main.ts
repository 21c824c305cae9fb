#!/usr/bin/env node
import { randomInt } from 'node:crypto';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import packageJson from '../package.json' with { type: 'json' };
import { runCli } from './run.ts';

// A reader that went away (`| head`) is no error of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
}

process.exitCode = await runCli({
  args: process.argv.slice(2),
  env: process.env,
  uid: process.getuid?.() ?? 0,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  version: packageJson.version,
  execPath: process.execPath,
  programFolder: dirname(fileURLToPath(import.meta.url)),
  now: () => Date.now(),
  randomInt: (below) => randomInt(below),
  onInterrupt: (listener) => {
    process.on('SIGINT', listener);
    return () => process.off('SIGINT', listener);
  },
});
// The loop empties by itself; this is for a handle that something forgot.
setTimeout(() => process.exit(), 2_000).unref();
