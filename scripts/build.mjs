#!/usr/bin/env node
// Builds dist/: four programs (esbuild) and two web pages (Vite). Does nothing when no input changed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { SetupProblem } from './setup/process.mjs';

export const PROGRAMS = {
  'olares-backup': 'cli/main.ts',
  'olares-backupd': 'daemon/main.ts',
  'olares-backup-helper': 'helper/main.ts',
  'olares-space': 'space/main.ts',
};
export const PAGES = {
  'admin-page': 'daemon/admin-page',
  console: 'space/console',
};
export const INPUT_FOLDERS = ['contract', 'cli', 'daemon', 'helper', 'space', 'scripts/build'];
const INPUT_FILES = ['package.json', 'package-lock.json', 'tsconfig.base.json', 'scripts/build.mjs'];

/** Brings dist/ up to date. `force` builds even when nothing changed. */
export async function build({ root, say, force = false }) {
  const stampFile = join(root, '.build', 'dist-stamp');
  const stamp = fingerprint(root);
  if (!force && isComplete(root) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp)
    return;
  say('building dist/');
  const [{ buildPrograms, removeOldChunks }, { buildPages }] = await Promise.all([
    import('./build/programs.mjs'),
    import('./build/pages.mjs'),
  ]);
  const results = await Promise.allSettled([...buildPrograms(root, PROGRAMS), ...buildPages(root, PAGES)]);
  const failures = results.filter(({ status }) => status === 'rejected').map(({ reason }) => reason.message);
  if (failures.length > 0)
    throw new SetupProblem(`the build failed:\n${failures.join('\n')}`, 'npm run build');
  removeOldChunks(
    root,
    results.flatMap(({ value }) => value ?? []),
  );
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp);
}

function isComplete(root) {
  const programs = Object.keys(PROGRAMS).map((name) => `${name}.mjs`);
  const pages = Object.keys(PAGES).map((name) => join(name, 'index.html'));
  return [...programs, ...pages].every((file) => existsSync(join(root, 'dist', file)));
}

/** Names, sizes and times of all inputs: as sure as reading them for files that editors and git write. */
function fingerprint(root) {
  const hash = createHash('sha256').update(process.version);
  const files = [...INPUT_FILES, ...INPUT_FOLDERS.flatMap((folder) => listFiles(root, folder))];
  for (const file of files.sort()) {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function listFiles(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : listFiles(root, path);
    return entry.name.endsWith('.test.ts') ? [] : [path];
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const say = (text) => process.stderr.write(`${text}\n`);
  await build({ root, say, force: process.argv.includes('--force') }).catch((error) => {
    say(error instanceof SetupProblem ? error.message : error.stack);
    process.exitCode = 1;
  });
}
