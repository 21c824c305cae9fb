// A program's start: its one file, run from what V8 compiled of it before.

/** How the file is wrapped decides whether the cache fits, so maker and loader share it. */
export const WRAP = ['(function (require, moduleUrl) {', '\n})'];

/**
 * @param file the program in dist/chunks
 * @param digest SHA-1 of its cache
 */
export const loaderOf = (file, digest) => `#!/usr/bin/env node
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

const filename = fileURLToPath(new URL('./chunks/${file}', import.meta.url));
const source = readFileSync(filename, 'utf8').replace(/^#!.*/, '');
let cachedData;
try {
  // Made by this build, for this source: V8 itself looks whether it fits this Node, but dies of a damaged one.
  const cache = readFileSync(filename + '.cache');
  if (createHash('sha1').update(cache).digest('hex') === '${digest}') cachedData = cache;
} catch {
  // Slower by some milliseconds, and nothing else.
}
const script = new Script(${JSON.stringify(WRAP[0])} + source + ${JSON.stringify(WRAP[1])}, {
  filename,
  cachedData,
});
script.runInThisContext()(createRequire(import.meta.url), import.meta.url);
`;
