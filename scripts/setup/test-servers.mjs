// Servers that others wrote, for the tests of own locations: rest-server and sshd, Debian's, and s3rver, npm's, in
// folders of this checkout.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fetchDebianPackage, fetchDebianTree } from './debian.mjs';
import { npmReasons } from './packages.mjs';
import { findProgram, isProgram, lastLines, run } from './process.mjs';

const REST_SUITES = ['forky', 'sid', 'trixie'];
const SSHD_SUITES = ['stable', 'oldstable'];
/** The only user of the private sshd, and of its user namespace. */
const PASSWD = 'tester:x:1000:1000::/data:/usr/sbin/sshd\nroot:x:0:0::/:/usr/sbin/sshd\n';

/** Answers nothing: without a server its tests say that they were skipped. Order: setting, .tools/bin, fetched. */
export async function ensureTestServers({ root, say, warn }) {
  const tools = join(root, '.tools');
  const servers = [
    { name: 'rest-server', setting: 'REST_SERVER', fetch: fetchRestServer },
    { name: 'private-sshd', setting: 'PRIVATE_SSHD', fetch: fetchSshd },
    { name: 's3rver', setting: 'S3RVER', fetch: fetchS3rver },
  ];
  mkdirSync(join(tools, 'bin'), { recursive: true });
  const ensure = async ({ name, setting, fetch }) => {
    const own = join(tools, 'bin', name);
    if (process.env[setting] || isProgram(own)) return;
    say(`fetching ${name} into .tools`);
    const failed = await fetch({ own, tools, root });
    if (failed)
      warn(`${name} is missing (its tests are skipped): ${failed}`, `${setting}=/path/to/${name} npm test`);
  };
  await Promise.all(servers.map(ensure));
}

/** Its packages are old and many: apart from ours, and only where tests run. */
async function fetchS3rver({ own, tools, root }) {
  const tree = join(tools, 's3rver');
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree);
  for (const file of ['package.json', 'package-lock.json'])
    copyFileSync(join(root, 'scripts', 'setup', 's3rver', file), join(tree, file));
  const patience = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000'];
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', ...patience];
  const { ok, output } = await run('npm', args, { cwd: tree, env: { ...process.env, CI: 'true' } });
  if (!ok) return `npm ci failed: ${npmReasons(output).split('\n').slice(0, 2).join(' ')}`;
  const program = join(tree, 'node_modules', 's3rver', 'bin', 's3rver.js');
  const next = `${own}.new`;
  // It makes its page marks with a cipher that OpenSSL has put away.
  writeFileSync(next, `#!/bin/sh\nexec node --openssl-legacy-provider '${program}' "$@"\n`);
  chmodSync(next, 0o755);
  return await putInPlace(next, own, ['--version']);
}

async function fetchRestServer({ own, tools }) {
  const failures = [];
  for (const suite of REST_SUITES) {
    const fetched = await fetchDebianPackage({ name: 'restic-rest-server', suite, folder: tools });
    if (fetched.failed) {
      failures.push(fetched.failed);
      continue;
    }
    const { unpacked, failed } = await fetched.unpack();
    const reason = failed ?? (await installBinary(join(unpacked, 'usr', 'bin', 'restic-rest-server'), own));
    fetched.dispose();
    if (!reason) return undefined;
    failures.push(reason);
  }
  return [...new Set(failures)].join('; ');
}

async function installBinary(file, own) {
  const next = `${own}.new`;
  copyFileSync(file, next);
  chmodSync(next, 0o755);
  return await putInPlace(next, own, ['--version']);
}

async function fetchSshd({ own, tools }) {
  const bwrap = findProgram('bwrap', [join(tools, 'bin')]);
  if (!bwrap) return 'it runs in bubblewrap, which is not installed';
  const failures = [];
  for (const suite of SSHD_SUITES) {
    const failed = await sshdFrom({ suite, own, tools, bwrap });
    if (!failed) return undefined;
    failures.push(failed);
  }
  return [...new Set(failures)].join('; ');
}

/** All it needs comes along, so that it runs on the libraries of an older or newer system. */
async function sshdFrom({ suite, own, tools, bwrap }) {
  const fetched = await fetchDebianTree({ names: ['openssh-server'], suite, folder: tools });
  if (fetched.failed) return fetched.failed;
  try {
    const tree = join(tools, 'sshd');
    finishTree(fetched.unpacked);
    rmSync(tree, { recursive: true, force: true });
    renameSync(fetched.unpacked, tree);
    const next = `${own}.new`;
    writeFileSync(next, sshdScript(bwrap, tree));
    chmodSync(next, 0o755);
    return await putInPlace(next, own, [tools, '-V']);
  } finally {
    fetched.dispose();
  }
}

/** `private-sshd DATA [option…]`: serves as the user `tester`, for whom DATA is /data and all else is read only. */
function sshdScript(bwrap, tree) {
  const view = `--ro-bind '${tree}' / --dev /dev --proc /proc --tmpfs /tmp --tmpfs /run --bind "$data" /data`;
  const rights = '--unshare-user --unshare-pid --uid 1000 --gid 1000 --die-with-parent';
  return `#!/bin/sh\ndata=$1\nshift\nexec '${bwrap}' ${rights} ${view} /usr/sbin/sshd "$@"\n`;
}

function finishTree(tree) {
  const at = (path) => join(tree, path);
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    if (!existsSync(at(name))) symlinkSync(`usr/${name}`, at(name));
  }
  for (const name of ['dev', 'proc', 'tmp', 'run', 'data', 'etc']) mkdirSync(at(name), { recursive: true });
  writeFileSync(at('etc/passwd'), PASSWD);
}

/** In one step, after it has shown that it runs here; answers a reason if not. */
async function putInPlace(next, own, args) {
  const { ok, output } = await run(next, args);
  if (ok) renameSync(next, own);
  else rmSync(next);
  return ok ? undefined : `it does not run here: ${lastLines(output, 1)}`;
}
