import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findProgram } from './process.mjs';
import { ensureRestic, isSupported } from './restic.mjs';
import { fetchUpstreamRestic } from './restic-upstream.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'restic-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function fakeRestic(version: string): string {
  const path = join(folder, `restic-${version}`);
  writeFileSync(path, `#!/bin/sh\necho "restic ${version} compiled with go1.26 on linux/amd64"\n`, {
    mode: 0o755,
  });
  return path;
}

it.each([
  ['0.16.4', false],
  ['0.18.0', false],
  ['0.18.1', true],
  ['0.19.0', false],
  ['0.19.1', true],
  ['0.20.0', true],
  ['1.0.0', true],
])('restic %s is supported: %s', (version, supported) => {
  expect(isSupported(version)).toBe(supported);
});

describe('RESTIC_BIN', () => {
  it('is taken when it is new enough', async () => {
    vi.stubEnv('RESTIC_BIN', fakeRestic('0.19.1'));
    await expect(ensureRestic({ root: folder, say: expect.unreachable })).resolves.toBe(
      process.env['RESTIC_BIN'],
    );
  });

  it.each(['0.17.3', '0.19.0', 'unknown'])('is refused by name when it is %s', async (version) => {
    vi.stubEnv('RESTIC_BIN', fakeRestic(version));
    await expect(ensureRestic({ root: folder, say: expect.unreachable })).rejects.toThrow(
      /^RESTIC_BIN=\/.*0\.18\.1/,
    );
  });
});

it('the one in .tools goes before the one on PATH', async () => {
  vi.stubEnv('RESTIC_BIN', '');
  vi.stubEnv('PATH', `${folder}/path:${process.env['PATH']}`);
  const own = join(folder, '.tools', 'bin', 'restic');
  execFileSync('mkdir', ['-p', join(folder, '.tools', 'bin'), join(folder, 'path')]);
  for (const path of [own, join(folder, 'path', 'restic')]) {
    execFileSync('cp', [fakeRestic('0.19.1'), path]);
  }
  await expect(ensureRestic({ root: folder, say: expect.unreachable })).resolves.toBe(own);
});

// Skipped where nothing could unpack the release anyway.
describe.skipIf(!findProgram('bzip2'))("upstream's release", () => {
  let server: Server;
  let url: string;
  let packed: Buffer;
  const installed: string[] = [];

  beforeEach(async () => {
    installed.length = 0;
    packed = execFileSync('bzip2', ['-c'], { input: 'the program' });
    server = createServer((request, response) => {
      response.statusCode = request.url?.includes('/missing/') ? 404 : 200;
      response.end(packed);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  function fetchFrom(address: string, sum = createHash('sha256').update(packed).digest('hex')) {
    return fetchUpstreamRestic({
      tools: folder,
      install: (file: string) => void installed.push(readFileSync(file, 'utf8')),
      release: { url: address, sums: { x64: ['amd64', sum], arm64: ['arm64', sum] } },
    });
  }

  it('is unpacked and installed when its hash is the pinned one', async () => {
    await expect(fetchFrom(url)).resolves.toBeUndefined();
    expect(installed).toEqual(['the program']);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is not touched when its hash is another', async () => {
    await expect(fetchFrom(url, '0'.repeat(64))).resolves.toMatch(/not the pinned 0000/);
    expect(installed).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['is not there', () => `${url}/missing/`, 'answered 404'],
    ['cannot be reached', () => 'http://127.0.0.1:1', 'the download failed'],
  ])('gives a reason when it %s', async (_name, address, reason) => {
    await expect(fetchFrom(address())).resolves.toContain(reason);
  });
});
