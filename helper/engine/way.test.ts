import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import type { Session } from '../session.ts';
import { openWay } from './way.ts';

it.each(['127.0.0.1', '127.0.0.2', '[::1]', 'localhost'])(
  'leads to a storage on %s through a limit',
  async (host) => {
    const server = createServer((_request, response) => response.end('storage'));
    server.listen(0, host === 'localhost' ? '127.0.0.1' : host.replace(/^\[|\]$/g, ''));
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const way = await openWay({ clock: Date.now } as Session, {
      address: `rest:http://${host}:${port}/repository`,
      options: {},
      credentials: { kind: 'none' },
      limits: { zone: 'UTC', upload: [{ kibPerSecond: 1024 }], download: [] },
    });
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
