// restic's own release for machines without Debian's archive. It is started only if its hash is the pinned one.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findProgram } from './process.mjs';

const VERSION = '0.19.1';
const RELEASE = {
  url: `https://github.com/restic/restic/releases/download/v${VERSION}`,
  // The sums of the release's SHA256SUMS, for the .bz2 files.
  sums: {
    x64: ['amd64', 'f415415624dcc452f2a02b8c33641791a8c6d6d3b65bbb3543fcf9a25151585c'],
    arm64: ['arm64', 'a5f64aaab53d51e311fa3829124c5b703f2d14cf187d8640b6be3b2b49376465'],
  },
};
const DOWNLOAD_LIMIT_MS = 10 * 60_000;

/** Downloads, verifies, unpacks and installs; answers undefined, or the reason why not. */
export async function fetchUpstreamRestic({ tools, install, release = RELEASE }) {
  const [arch, sum] = release.sums[process.arch] ?? [];
  if (!sum) return `no release of restic is pinned for ${process.arch}`;
  if (!findProgram('bzip2')) return 'bzip2 is needed to unpack the release of restic';
  const name = `restic_${VERSION}_linux_${arch}.bz2`;
  const { data, failed } = await download(`${release.url}/${name}`);
  if (failed) return `${name}: ${failed}`;
  const actual = createHash('sha256').update(data).digest('hex');
  if (actual !== sum) return `${name} has sha256 ${actual}, not the pinned ${sum}`;
  mkdirSync(tools, { recursive: true });
  const work = mkdtempSync(join(tools, '.fetch-'));
  try {
    const packed = join(work, name);
    writeFileSync(packed, data);
    const file = join(work, 'restic');
    return (await unpack(packed, file)) ? await install(file) : `${name} could not be unpacked`;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function download(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_LIMIT_MS) });
    if (!response.ok) return { failed: `the download answered ${response.status}` };
    return { data: Buffer.from(await response.arrayBuffer()) };
  } catch (error) {
    return { failed: `the download failed (${error.cause?.code ?? error.message})` };
  }
}

async function unpack(packed, target) {
  const file = await open(target, 'w');
  try {
    const child = spawn('bzip2', ['-dc', packed], { stdio: ['ignore', file.fd, 'ignore'] });
    const [code] = await once(child, 'close');
    return code === 0;
  } finally {
    await file.close();
  }
}
