// npm's packages: installed when the lock file, Node or the platform changed since the last time.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findNodeHeaders, requireToolchain } from './toolchain.mjs';
import { lastLines, run, SetupProblem } from './process.mjs';

const NATIVE = 'better-sqlite3';

export async function installPackages({ root, say }) {
  const stampFile = join(root, 'node_modules', '.olares-setup-stamp');
  const stamp = fingerprint(root);
  const built = join(root, 'node_modules', NATIVE, 'build', 'Release', 'better_sqlite3.node');
  if (read(stampFile) === stamp && existsSync(built)) return;
  if (!sameAsInstalled(root)) {
    say('installing the npm packages (a minute the first time)');
    const result = await run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], {
      cwd: root,
      env: npmEnvironment(),
    });
    if (!result.ok) throw new SetupProblem(`npm ci failed:\n${npmReasons(result.output)}`, 'npm ci');
  }
  await ensureNative(root, say);
  writeFileSync(stampFile, stamp);
}

/** npm names the reason first and then prints its manual. */
export function npmReasons(output) {
  const lines = output.split('\n').filter((line) => line.startsWith('npm error'));
  return lines.length > 0 ? lines.slice(0, 15).join('\n') : lastLines(output, 15);
}

function fingerprint(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update([process.versions.modules, process.platform, process.arch].join(' '))
    .digest('hex');
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Whether node_modules already holds exactly what the lock file names (npm keeps its own list there). */
export function sameAsInstalled(root) {
  const listed = read(join(root, 'node_modules', '.package-lock.json'));
  if (!listed) return false;
  const installed = JSON.parse(listed).packages;
  const { '': _root, ...wanted } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const extra = Object.keys(installed).some((path) => !(path in wanted));
  return !extra && Object.entries(wanted).every(([path, entry]) => entryHolds(entry, installed[path]));
}

function entryHolds(wanted, installed) {
  if (!installed) return wanted.optional === true; // another platform's binary
  return wanted.version === installed.version && wanted.integrity === installed.integrity;
}

/** better-sqlite3 is compiled when its prebuilt file cannot be downloaded: only loading it proves that it is there. */
async function ensureNative(root, say) {
  if ((await loads(root)).ok) return;
  await requireToolchain(say);
  say(`compiling ${NATIVE} (a minute or two)`);
  // ignore-scripts in a user's npmrc would leave the module unbuilt; this one build is asked for by name.
  const build = await run('npm', ['rebuild', NATIVE, '--ignore-scripts=false', '--foreground-scripts'], {
    cwd: root,
    env: npmEnvironment(),
  });
  const test = await loads(root);
  if (test.ok) return;
  throw new SetupProblem(
    `${NATIVE} could not be compiled:\n${lastLines(build.output, 30)}\n${lastLines(test.output, 3)}`,
    `npm rebuild ${NATIVE}`,
  );
}

function loads(root) {
  return run(process.execPath, ['-e', `new (require('${NATIVE}'))(':memory:').close()`], { cwd: root });
}

/** node-gyp downloads Node's headers unless told where they are; a machine that has them needs no download. */
function npmEnvironment() {
  const headers = process.env.npm_config_nodedir ?? findNodeHeaders();
  return { ...process.env, CI: 'true', ...(headers ? { npm_config_nodedir: headers } : {}) };
}
