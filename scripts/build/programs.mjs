// The four programs, each bundled by itself: what it imports late becomes a chunk that is loaded late.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { loaderOf } from './loader.mjs';

const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;
// A running program may still load a chunk of the build it was started from.
const KEEP_OLD_CHUNKS_MS = 24 * 60 * 60_000;
// Native, or never loaded: the daemon has its own checker instead of Fastify's, and sends itself no requests. Their
// text would stay in the memory of a process that runs for months.
const OUTSIDE = ['better-sqlite3'];
const NOT_OF_USE = {
  'olares-backupd': ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request'],
};
// A program that does not end while its cache is made must not hold the build up.
const CACHE_LIMIT_MS = 20_000;
// Started for each job, for a moment: one file, with what V8 made of it the first time. It runs this
// while it is made, since V8 keeps what has run.
const CACHED = {
  'olares-backup-helper': {
    args: ['engine', '--state-dir', '/nonexistent'],
    input:
      '{"verb":"backup","access":{"address":"/nonexistent","options":{},"credentials":{"kind":"none"}},"host":"x","paths":["/"],"excludes":[],"tags":[],"repairFirst":false}\n',
  },
};
// Source text is memory too. Names stay whole and lines short, so that a stack trace can be read.
const COMPACT = { minifyWhitespace: true, minifySyntax: true, lineLimit: 160 };

/** One promise for each program, of the names of the files it wrote. */
export function buildPrograms(root, programs) {
  return Object.entries(programs).map(([name, entry]) => bundle({ root, name, entry }));
}

async function bundle({ root, name, entry }) {
  if (!existsSync(join(root, entry))) throw new Error(`${entry} is missing: ${name} cannot be built`);
  const options = { root, name, entry };
  return await (name in CACHED ? bundleCached(options) : bundleChunks(options));
}

/** The program in one file beside what V8 compiled of it, and under its own name what starts it. */
async function bundleCached({ root, name, entry }) {
  const chunks = join(root, 'dist', 'chunks');
  const result = await compile({
    name,
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: join(chunks, `${name}.cjs`),
    format: 'cjs',
    define: { 'import.meta.url': 'moduleUrl' },
    // In code that comes from V8's cache Node finds no one who answers it.
    supported: { 'dynamic-import': false },
  });
  const [map, code] = result.outputFiles.toSorted((a, b) => b.path.length - a.path.length);
  const file = `${name}-${createHash('sha256').update(code.contents).digest('hex').slice(0, 8)}.cjs`;
  replaceFile(join(chunks, `${name}.cjs.map`), map.contents);
  replaceFile(join(chunks, file), code.contents);
  const loader = join(root, 'dist', `${name}.mjs`);
  makeCache({ root, chunk: join(chunks, file), loader, ...CACHED[name] });
  const cache = join(chunks, `${file}.cache`);
  const digest = existsSync(cache) ? createHash('sha1').update(readFileSync(cache)).digest('hex') : '';
  replaceFile(loader, loaderOf(file, digest));
  return [file, `${file}.cache`, `${name}.cjs.map`, `${name}.mjs`];
}

/** Without a cache the program starts all the same, only later. */
function makeCache({ root, chunk, loader, args, input }) {
  const maker = join(dirname(fileURLToPath(import.meta.url)), 'make-cache.mjs');
  spawnSync(process.execPath, [maker, chunk, loader, ...args], {
    input,
    cwd: root,
    timeout: CACHE_LIMIT_MS,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}

async function bundleChunks({ root, name, entry }) {
  const result = await compile({
    name,
    absWorkingDir: root,
    entryPoints: { [name]: entry },
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    chunkNames: `chunks/${name}-[hash]`,
    splitting: true,
    format: 'esm',
    banner: { js: banner(join(root, entry)) },
  });
  for (const { path, contents } of result.outputFiles) replaceFile(path, contents);
  chmodSync(join(root, 'dist', `${name}.mjs`), 0o755);
  return result.outputFiles.map(({ path }) => basename(path));
}

async function compile({ name, ...options }) {
  return await build({
    bundle: true,
    platform: 'node',
    target: 'node20',
    sourcemap: 'linked',
    external: [...OUTSIDE, ...(NOT_OF_USE[name] ?? [])],
    ...COMPACT,
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
    ...options,
  }).catch((error) => {
    // esbuild has printed each error with its place.
    throw new Error(`${name}: ${error.message.split('\n')[0]}`);
  });
}

/** esbuild keeps an entry's own first line; a program without one gets it here. `require` serves bundled CommonJS. */
function banner(entry) {
  const hasOwn = readFileSync(entry, 'utf8').startsWith('#!');
  return hasOwn ? REQUIRE : `#!/usr/bin/env node\n${REQUIRE}`;
}

/** A program that starts in the middle of a build sees the old file or the new one, never half of one. */
function replaceFile(path, contents) {
  mkdirSync(dirname(path), { recursive: true });
  const next = `${path}.new`;
  writeFileSync(next, contents);
  if (path.endsWith('.mjs')) chmodSync(next, 0o755);
  renameSync(next, path);
}

/** Ends the chunks that no program of this build names and that no running program can still want. */
export function removeOldChunks(root, currentNames) {
  const folder = join(root, 'dist', 'chunks');
  const current = new Set(currentNames);
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const isOld = Date.now() - statSync(path).mtimeMs > KEEP_OLD_CHUNKS_MS;
    if (isOld && !current.has(name)) rmSync(path);
  }
}
