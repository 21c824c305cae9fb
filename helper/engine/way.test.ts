import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import type { RepositoryAccess } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';
import { RESTIC } from '../testing/bench.ts';
import { stallReason } from './stall.ts';
import { openWay, type Way } from './way.ts';

const limited = (address: string): RepositoryAccess => ({
  address,
  options: {},
  credentials: { kind: 'none' },
  limits: { zone: 'UTC', upload: [{ kibPerSecond: 1024 }], download: [] },
});

it.each(['rest:https://nas.lan:8000/a', 's3:https://s3.eu-west-1.amazonaws.com/b', 's3:http://0.0.0.0:1/b'])(
  'leads to %s by a proxy, so that its name and certificate stay what they are',
  async (address) => {
    const way = await openWay({ clock: Date.now } as Session, limited(address));
    way.close();
    expect(way.address).toBe(address);
    expect(way.environment).toEqual({
      HTTP_PROXY: expect.stringMatching(/^socks5:\/\/127\.0\.0\.1:\d+$/),
      HTTPS_PROXY: way.environment['HTTP_PROXY'],
    });
  },
);

/** Why a real restic waits. */
async function waitsFor({ address, environment }: Way): Promise<string | undefined> {
  const env = { PATH: process.env['PATH'], RESTIC_PASSWORD: 'x', ...environment };
  const restic = spawn(RESTIC, ['-r', address, '--no-cache', 'cat', 'config'], { env, stdio: 'pipe' });
  const [line] = (await once(restic.stderr, 'data')) as [Buffer];
  restic.kill('SIGKILL');
  return stallReason(line.toString().split('\n')[0] ?? '')?.words;
}

it('tells a storage that is away from a proxy that is', async () => {
  const way = await openWay({ clock: Date.now } as Session, limited('rest:http://0.0.0.0:1/repository'));
  expect(await waitsFor(way)).toContain('the storage refuses connections');
  way.close();
  expect(await waitsFor(way)).toContain('the port of this machine that keeps the limit of speed');
});

it('tells a storage that leads elsewhere', async () => {
  const way = await openWay({ clock: Date.now } as Session, limited('rest:http://0.0.0.0:1/repository'));
  const other = { ...way, address: 'rest:http://nas.lan:1/repository' };
  expect(await waitsFor(other)).toContain('leads to another host');
  way.close();
});

it.each(['127.0.0.1', '127.0.0.2', '[::1]', 'localhost'])(
  'leads to a storage on %s through a limit',
  async (host) => {
    const server = createServer((_request, response) => response.end('storage'));
    server.listen(0, host === 'localhost' ? '127.0.0.1' : host.replace(/^\[|\]$/g, ''));
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const access = limited(`rest:http://${host}:${port}/repository`);
    const way = await openWay({ clock: Date.now } as Session, access);
    try {
      expect(way.address).not.toContain(`:${port}/`);
      const answer = await fetch(way.address.replace('rest:', ''));
      expect(await answer.text()).toBe('storage');
    } finally {
      way.close();
      server.close();
    }
  },
);
