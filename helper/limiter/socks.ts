import type { Socket } from 'node:net';
import type { HostAndPort } from './host-and-port.ts';

/** RFC 1928, no sign-in, CONNECT alone: what Go's HTTP library speaks to a `socks5://` proxy. */
const VERSION = 5;
const CONNECT = 1;
const ADDRESS = { ipv4: 1, name: 3, ipv6: 4 } as const;
const ANSWERS = { connected: 0, failed: 1, forbidden: 2, noNetwork: 3, noHost: 4, refused: 5 } as const;
type SocksAnswer = keyof typeof ANSWERS;
const FAILURES: Partial<Record<string, SocksAnswer>> = {
  ECONNREFUSED: 'refused',
  ENETUNREACH: 'noNetwork',
  EHOSTUNREACH: 'noHost',
  ENOTFOUND: 'noHost',
  EAI_AGAIN: 'noHost',
};

/** @throws Error when the client does not speak SOCKS5 */
export async function readSocksTarget(client: Socket): Promise<HostAndPort> {
  const [, methods = 0] = await exactly(client, 2);
  await exactly(client, methods);
  client.write(Buffer.from([VERSION, 0]));
  const [version, command, , type] = await exactly(client, 4);
  if (version !== VERSION || command !== CONNECT) throw new Error('not a SOCKS5 CONNECT');
  const host = await readHost(client, type);
  return { host, port: (await exactly(client, 2)).readUInt16BE() };
}

/** What the client is told of a connection that could not be made. */
export const socksFailure = (error: unknown): SocksAnswer =>
  FAILURES[(error as NodeJS.ErrnoException).code ?? ''] ?? 'failed';

export function answerSocks(client: Socket, answer: SocksAnswer): void {
  client.write(Buffer.from([VERSION, ANSWERS[answer], 0, ADDRESS.ipv4, 0, 0, 0, 0, 0, 0]));
  if (answer !== 'connected') client.end();
}

async function readHost(client: Socket, type: number | undefined): Promise<string> {
  if (type === ADDRESS.name) {
    const [length = 0] = await exactly(client, 1);
    return (await exactly(client, length)).toString('latin1');
  }
  if (type === ADDRESS.ipv4) return [...(await exactly(client, 4))].join('.');
  if (type !== ADDRESS.ipv6) throw new Error('unknown kind of address');
  const bytes = await exactly(client, 16);
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(':');
}

async function exactly(client: Socket, bytes: number): Promise<Buffer> {
  if (bytes === 0) return Buffer.alloc(0);
  for (;;) {
    const read = client.read(bytes) as Buffer | null;
    if (read?.length === bytes) return read;
    if (read !== null || client.readableEnded || client.destroyed) throw new Error('the client went away');
    await readable(client);
  }
}

function readable(client: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of EVENTS) client.removeListener(event, done);
      resolve();
    };
    for (const event of EVENTS) client.once(event, done);
  });
}

const EVENTS = ['readable', 'end', 'close'] as const;
