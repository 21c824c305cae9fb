// Debian's packages: installed into the system as root, or one of them fetched and unpacked for this checkout alone.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, isRoot, lastLines, run } from './process.mjs';

// The package debian-archive-keyring; its newer versions end the name in .pgp.
const KEYRINGS = ['gpg', 'pgp'].map((end) => `/usr/share/keyrings/debian-archive-keyring.${end}`);

/** Installs packages into the system; answers those that could not be, each as {name, todo, reason}. */
export async function installDebianPackages(names, say) {
  if (names.length === 0) return [];
  if (!findProgram('apt-get')) {
    return names.map((name) => ({ name, todo: `install ${name} with your system's package manager` }));
  }
  if (!isRoot()) return names.map((name) => ({ name, todo: `sudo ${installCommand(name)}` }));
  say(`installing ${names.join(', ')} with apt-get`);
  if ((await aptInstall(names)).ok) return [];
  // The package lists may be missing, or name files that have been replaced since.
  await apt(['update']);
  if ((await aptInstall(names)).ok) return [];
  return installOneByOne(names);
}

/** One package that this system does not have must not keep the others out. */
async function installOneByOne(names) {
  const failures = [];
  for (const name of names) {
    const { ok, output } = await aptInstall([name]);
    if (!ok) failures.push({ name, todo: installCommand(name), reason: lastLines(output, 1) });
  }
  return failures;
}

const installCommand = (name) => `apt-get install -y --no-install-recommends ${name}`;
const aptInstall = (names) => apt(['install', '-y', '--no-install-recommends', ...names]);

function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return run('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], { env });
}

/**
 * Downloads one package with an apt of its own (own sources, lists and state; /etc/apt and /var/lib/apt stay as they
 * are) from the mirror this machine already uses, and unpacks it. apt checks the signature of the suite's index and
 * the package's hash in it. Answers {unpacked, deb, dispose} or {failed: reason}.
 */
export async function fetchDebianPackage({ name, suite, folder }) {
  const mirror = await debianMirror();
  if (!mirror) return { failed: 'no Debian mirror with its signing keys is set up on this machine' };
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, '.fetch-'));
  const dispose = () => rmSync(work, { recursive: true, force: true });
  const result = await downloadAndUnpack({ name, suite, mirror, work });
  if (result.failed) dispose();
  return { ...result, dispose };
}

/** As fetchDebianPackage, but with all that the packages depend on: a small Debian, unpacked into one folder. */
export async function fetchDebianTree({ names, suite, folder }) {
  const mirror = await debianMirror();
  if (!mirror) return { failed: 'no Debian mirror with its signing keys is set up on this machine' };
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, '.fetch-'));
  const dispose = () => rmSync(work, { recursive: true, force: true });
  const { at, failed } = await privateApt({ suite, mirror, work }, [
    'install',
    '-y',
    '--download-only',
    ...names,
  ]);
  const archives = at('archives');
  const debs = failed ? [] : readdirSync(archives).filter((file) => file.endsWith('.deb'));
  let problem = failed;
  for (const deb of debs) problem ??= (await unpackDeb(join(archives, deb), at('root'))).failed;
  if (!problem) return { unpacked: at('root'), dispose };
  dispose();
  return { failed: problem };
}

async function downloadAndUnpack({ name, suite, mirror, work }) {
  const { at, failed } = await privateApt({ suite, mirror, work }, ['download', name]);
  if (failed) return { failed };
  const deb = readdirSync(at('out')).find((file) => file.endsWith('.deb'));
  if (!deb) return { failed: `apt-get download brought no package ${name}` };
  return { deb: at(`out/${deb}`), unpack: () => unpackDeb(at(`out/${deb}`), at('root')) };
}

/** Runs one step of an apt that knows nothing of this machine, after an update of its lists. */
async function privateApt({ suite, mirror, work }, task) {
  const at = (path) => join(work, path);
  for (const path of ['etc', 'lists/partial', 'archives/partial', 'state', 'out']) {
    mkdirSync(at(path), { recursive: true });
  }
  writeFileSync(at('state/status'), '');
  writeFileSync(at('etc/one.sources'), sourcesEntry({ mirror, suite }));
  const options = await privateOptions(at);
  for (const step of [['update'], task]) {
    const result = await run('apt-get', [...options, ...step], { cwd: at('out') });
    if (!result.ok) return { at, failed: `apt-get ${step[0]} (${suite}): ${lastLines(result.output, 1)}` };
  }
  return { at };
}

async function unpackDeb(deb, target) {
  const result = await run('dpkg-deb', ['-x', deb, target]);
  return result.ok ? { unpacked: target } : { failed: `dpkg-deb: ${lastLines(result.output, 1)}` };
}

function sourcesEntry({ mirror, suite }) {
  const keyring = KEYRINGS.find((file) => existsSync(file));
  return `Types: deb\nURIs: ${mirror}\nSuites: ${suite}\nComponents: main\nSigned-By: ${keyring}\n`;
}

async function privateOptions(at) {
  const settings = {
    'Dir::Etc': at('etc'),
    'Dir::Etc::SourceList': at('etc/one.sources'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::Parts': '/dev/null',
    'Dir::Etc::Main': '/dev/null',
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Dir::State': at('state'),
    'Dir::State::Lists': at('lists'),
    'Dir::State::status': at('state/status'),
    'Dir::Cache': at('.'),
    'Dir::Cache::archives': at('archives'),
    'Acquire::Languages': 'none',
    'APT::Install-Recommends': 'false',
    'Acquire::Retries': '3',
    // The folder is not readable for apt's own user, and nothing here needs it.
    ...(isRoot() ? { 'APT::Sandbox::User': 'root' } : {}),
    ...(await proxySettings()),
  };
  return ['-q', ...Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`])];
}

/** The private apt reads no configuration of the machine, but a proxy it needs to reach the mirror is kept. */
async function proxySettings() {
  const { output } = await run('apt-config', ['dump', 'Acquire']);
  const proxies = [...output.matchAll(/^(Acquire::https?::Proxy(?:::[^ ]+)?) "(.+)";$/gim)];
  return Object.fromEntries(proxies.map(([, key, value]) => [key, value]));
}

/** The address of the Debian mirror this machine uses. */
async function debianMirror() {
  const isReady =
    KEYRINGS.some((file) => existsSync(file)) && findProgram('apt-get') && findProgram('dpkg-deb');
  if (!isReady) return undefined;
  const { output } = await run('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI)',
    'Created-By: Packages',
  ]);
  return output.split('\n').find((line) => /\/debian\/?$/.test(line));
}
