import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

/**
 * The agent waits most of its life: the space for young objects stays at 1 MB instead of growing to 16, and the
 * optimizing compiler stays out, whose code alone takes 3.5 MB once it is touched; the index of snapshots, the one long
 * calculation here, is as quick without.
 */
const SMALL_MEMORY = ['--semi-space-growth-factor=1', '--max-opt=1'];

for (const flag of SMALL_MEMORY) setFlagsFromString(flag);
// The flags count for what is loaded after them, so everything else is.
const { runProgram } = await import('./program.ts');
await runProgram(dirname(fileURLToPath(import.meta.url)));
