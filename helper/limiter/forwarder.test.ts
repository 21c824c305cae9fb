import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openForwarder, type ForwarderOptions } from './forwarder.ts';
import { createTokenBucket } from './token-bucket.ts';

const MIB = 1024 * 1024;
const free = createTokenBucket(() => undefined);

/** Answers, when the other side has ended, with as many bytes as came. */
let server: Server;
let port: number;
beforeAll(async () => {
  server = createServer({ allowHalfOpen: true }, (socket) => {
    let size = 0;
    socket.on('data', (chunk) => (size += chunk.length)).on('end', () => socket.end(Buffer.alloc(size)));
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => server.close());

async function send(socket: Socket, bytes: number): Promise<number> {
  let back = 0;
  socket.on('data', (chunk: Buffer) => (back += chunk.length));
  socket.end(Buffer.alloc(bytes));
  await once(socket, 'close');
  return back;
}

async function through(
  options: Partial<ForwarderOptions>,
  work: (port: number) => Promise<void>,
): Promise<number> {
  const forwarder = await openForwarder({
    target: { host: '127.0.0.1', port },
    up: free,
    down: free,
    ...options,
  });
  const began = performance.now();
  try {
    await work(forwarder.port);
  } finally {
    forwarder.close();
  }
  return performance.now() - began;
}

describe('a port with a limit', () => {
  it('hands on all bytes of several connections, together no faster than allowed', async () => {
    const up = createTokenBucket(() => 1024);
    const tookMs = await through({ up }, async (own) => {
      const sizes = await Promise.all([1, 2].map(() => send(connect(own, '127.0.0.1'), MIB / 4)));
      expect(sizes).toEqual([MIB / 4, MIB / 4]);
    });
    // Half a MiB at one MiB per second. That it is not slower is measured elsewhere, on a quiet machine.
    expect(tookMs).toBeGreaterThan(500 * 0.75);
  });

  it('feels a new limit while it works', async () => {
    let kib: number | undefined = 64;
    const down = createTokenBucket(() => kib);
    const tookMs = await through({ down }, async (own) => {
      setTimeout(() => (kib = undefined), 300);
      expect(await send(connect(own, '127.0.0.1'), MIB)).toBe(MIB);
    });
    // At the old one it would have taken 16 s.
    expect(tookMs).toBeLessThan(8_000);
  });

  it('breaks a connection that the storage refuses', async () => {
    await through({ target: { host: '127.0.0.1', port: 1 } }, async (own) => {
      const socket = connect(own, '127.0.0.1');
      const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
      expect(error.code).toBe('ECONNRESET');
    });
  });
});

describe('a SOCKS5 port', () => {
  const ask = (host: string, wanted: number): Buffer =>
    Buffer.concat([
      Buffer.from([5, 1, 0, 5, 1, 0, 3, host.length]),
      Buffer.from(host),
      Buffer.from([wanted >> 8, wanted & 255]),
    ]);

  it('goes where it may', async () => {
    const target = ({ host }: { host: string }) => host === 'localhost';
    await through({ target }, async (own) => {
      const socket = connect(own, '127.0.0.1');
      socket.write(ask('localhost', port));
      expect(await send(socket, 1000)).toBe(2 + 10 + 1000);
    });
  });

  it.each([
    ['goes nowhere else', () => false, () => port, 2],
    ['says when nothing listens', () => true, () => 1, 5],
  ])('%s', async (_what, target, wanted, answer) => {
    await through({ target }, async (own) => {
      const socket = connect(own, '127.0.0.1');
      const answers: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => answers.push(chunk));
      socket.write(ask('localhost', wanted()));
      await once(socket, 'end');
      expect(Buffer.concat(answers).subarray(0, 4)).toEqual(Buffer.from([5, 0, 5, answer]));
    });
  });
});
