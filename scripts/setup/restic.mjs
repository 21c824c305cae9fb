// restic: one that is there and new enough, or one fetched into .tools/bin and verified before it is ever started.
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fetchDebianPackage } from './debian.mjs';
import { findProgram, isProgram, run, SetupProblem } from './process.mjs';
import { fetchUpstreamRestic } from './restic-upstream.mjs';

const OLDEST = '0.18.1';
// 0.19.0 is refused: 0.19.1 corrected it within days.
const REFUSED = ['0.19.0'];
const SUITES = ['forky', 'sid'];
// A package of a pinned version must be this very file; a newer one is trusted by Debian's signature alone, since
// Debian removes the old file from its mirrors when a newer one arrives.
const PINNED_PACKAGES = {
  'restic_0.19.1-1_amd64.deb': '97711c3125b5a65788a7e99fce8eb25f9a543fa8d83c4d7e54a5febe939a0f9e',
};

/** Answers the path of a usable restic. Order: RESTIC_BIN, .tools/bin, PATH, fetched. */
export async function ensureRestic({ root, say }) {
  const own = join(root, '.tools', 'bin', 'restic');
  if (process.env.RESTIC_BIN) return mustBeUsable(process.env.RESTIC_BIN);
  if (isProgram(own) && (await resticVersion(own)).usable) return own;
  const onPath = findProgram('restic');
  if (onPath && (await resticVersion(onPath)).usable) return onPath;
  say('fetching restic into .tools/bin');
  return fetchRestic({ own, tools: join(root, '.tools') });
}

async function mustBeUsable(path) {
  const { version, usable } = await resticVersion(path);
  if (usable) return path;
  const what = version ? `is restic ${version}` : 'does not start';
  throw new SetupProblem(
    `RESTIC_BIN=${path} ${what}; ${OLDEST} or newer is needed (not ${REFUSED.join(', ')})`,
    'unset RESTIC_BIN and run this again',
  );
}

export async function resticVersion(path) {
  const { ok, output } = await run(path, ['version']);
  const version = ok ? /^restic (\d+\.\d+\.\d+)/m.exec(output)?.[1] : undefined;
  return { version, usable: version !== undefined && isSupported(version) };
}

export function isSupported(version) {
  const number = (text) => text.split('.').reduce((sum, part) => sum * 1000 + Number(part), 0);
  return number(version) >= number(OLDEST) && !REFUSED.includes(version);
}

async function fetchRestic({ own, tools }) {
  const failures = [];
  for (const suite of SUITES) {
    const failed = await fromDebian({ suite, own, tools });
    if (!failed) return own;
    failures.push(failed);
  }
  const failed = await fetchUpstreamRestic({ tools, install: (file) => install(file, own) });
  if (!failed) return own;
  throw new SetupProblem(
    `restic could not be fetched: ${[...new Set([...failures, failed])].join('; ')}`,
    `install restic ${OLDEST} or newer and set RESTIC_BIN=/path/to/restic`,
  );
}

async function fromDebian({ suite, own, tools }) {
  const fetched = await fetchDebianPackage({ name: 'restic', suite, folder: tools });
  if (fetched.failed) return fetched.failed;
  try {
    const pin = PINNED_PACKAGES[basename(fetched.deb)];
    if (pin && sha256(fetched.deb) !== pin) return `${basename(fetched.deb)} is not the pinned file`;
    const { unpacked, failed } = await fetched.unpack();
    return failed ?? (await install(join(unpacked, 'usr', 'bin', 'restic'), own));
  } finally {
    fetched.dispose();
  }
}

/** Puts a verified binary in its place in one step, after it has shown that it runs here; answers a reason if not. */
async function install(file, own) {
  const next = `${own}.new`;
  mkdirSync(join(own, '..'), { recursive: true });
  copyFileSync(file, next);
  chmodSync(next, 0o755);
  const { version, usable } = await resticVersion(next);
  if (usable) renameSync(next, own);
  else rmSync(next);
  return usable ? undefined : `the fetched restic is ${version ?? 'not able to run here'}`;
}

export function sha256(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
