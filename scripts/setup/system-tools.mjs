// Programs of the system that starting or testing needs. A missing one is a warning: the rest of the work goes on.
import { chmodSync, copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fetchDebianPackage, installDebianPackages } from './debian.mjs';
import { findProgram, isProgram, isRoot, lastLines, run } from './process.mjs';

const BUBBLEWRAP = { program: 'bwrap', package: 'bubblewrap', why: 'restores run in its jail' };
const NEEDED = {
  build: [],
  start: [BUBBLEWRAP],
  test: [
    BUBBLEWRAP,
    { program: 'chromium', package: 'chromium', why: 'the page is tested in it', setting: 'CHROMIUM_BIN' },
    { program: 'setfattr', package: 'attr', why: 'restored attributes are tested' },
    { program: 'setfacl', package: 'acl', why: 'restored access lists are tested' },
    { program: 'tmux', package: 'tmux', why: 'prompts are tested in a terminal' },
    { program: 'systemd-analyze', package: 'systemd', why: 'the unit is checked and scored' },
  ],
};
// Suites that may hold a bubblewrap which runs here: the machine's own is not asked for by name.
const BUBBLEWRAP_SUITES = ['stable', 'oldstable'];

/** Installs what is missing; each thing that stays missing is one warning that says what to type. */
export async function ensureSystemTools({ root, job, say, warn }) {
  const bin = join(root, '.tools', 'bin');
  const missing = NEEDED[job].filter((tool) => !isThere(tool, bin));
  const failures = await installDebianPackages(
    missing.map((tool) => tool.package),
    say,
  );
  for (const { name, todo, reason } of failures) {
    if (name === BUBBLEWRAP.package && (await fetchBubblewrap({ root, bin, say }))) continue;
    const tool = missing.find((candidate) => candidate.package === name);
    warn(`${tool.program} is missing (${tool.why})${reason ? `: ${reason}` : ''}`, todo);
  }
  if (job !== 'build') await checkJail(bin, warn);
}

function isThere({ program, setting }, bin) {
  const chosen = setting && process.env[setting];
  return chosen ? isProgram(chosen) : findProgram(program, [bin]) !== undefined;
}

/** An ordinary user cannot install packages, but bubblewrap runs from anywhere. */
async function fetchBubblewrap({ root, bin, say }) {
  if (isRoot()) return false;
  say('fetching bubblewrap into .tools/bin');
  for (const suite of BUBBLEWRAP_SUITES) {
    const fetched = await fetchDebianPackage({ name: 'bubblewrap', suite, folder: join(root, '.tools') });
    if (fetched.failed) continue;
    const { unpacked } = await fetched.unpack();
    const installed = unpacked && (await installIfItRuns(join(unpacked, 'usr', 'bin', 'bwrap'), bin));
    fetched.dispose();
    if (installed) return true;
  }
  return false;
}

async function installIfItRuns(file, bin) {
  if (!(await run(file, ['--version'])).ok) return false;
  mkdirSync(bin, { recursive: true });
  const next = join(bin, 'bwrap.new');
  copyFileSync(file, next);
  chmodSync(next, 0o755);
  renameSync(next, join(bin, 'bwrap'));
  return true;
}

/** bwrap may be there and still be kept by the system from making the namespaces of its jail. */
async function checkJail(bin, warn) {
  const bwrap = findProgram('bwrap', [bin]);
  if (!bwrap) return;
  const test = await run(bwrap, ['--ro-bind', '/', '/', '--unshare-pid', '/bin/true']);
  if (test.ok) return;
  warn(
    `bwrap cannot make a jail here (${lastLines(test.output, 1)})`,
    'sudo sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0',
  );
}
