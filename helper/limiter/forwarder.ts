import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { HostAndPort } from './host-and-port.ts';
import { answerSocks, readSocksTarget, socksFailure } from './socks.ts';
import type { TokenBucket } from './token-bucket.ts';

export interface ForwarderOptions {
  /** Where every connection goes; or for SOCKS5 whether one may go where it asks to. */
  readonly target: HostAndPort | ((wanted: HostAndPort) => boolean);
  /** Address of loopback to listen on; default: 127.0.0.1. */
  readonly on?: string;
  readonly up: TokenBucket;
  readonly down: TokenBucket;
}

export interface Forwarder {
  readonly port: number;
  close(): void;
}

/** A port on loopback whose connections go on to a storage, no faster than allowed. Content is not looked at. */
export async function openForwarder(options: ForwarderOptions): Promise<Forwarder> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    // Its end is seen by the pumps.
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    return socket;
  };
  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    void serve(keep(client), options, keep).catch(() => client.destroy());
  });
  server.listen(0, options.on ?? '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

async function serve(
  client: Socket,
  { target, up, down }: ForwarderOptions,
  keep: (socket: Socket) => Socket,
): Promise<void> {
  const isFixed = typeof target !== 'function';
  const to = isFixed ? target : await readSocksTarget(client);
  if (!isFixed && !target(to)) return answerSocks(client, 'forbidden');
  const upstream = keep(connect({ ...to, allowHalfOpen: true }));
  try {
    await once(upstream, 'connect');
  } catch (error) {
    // restic tells a refused connection from a broken one only by this.
    if (!isFixed) return answerSocks(client, socksFailure(error));
    client.resetAndDestroy();
    return;
  }
  if (!isFixed) answerSocks(client, 'connected');
  await Promise.all([pump(client, upstream, up), pump(upstream, client, down)]);
}

async function pump(from: Socket, to: Socket, bucket: TokenBucket): Promise<void> {
  try {
    // The iterator would destroy the socket at its end, and with it the other direction.
    for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length;) {
        const part = chunk.subarray(at, at + bucket.slice());
        at += part.length;
        await bucket.take(part.length);
        if (!to.write(part)) await once(to, 'drain');
      }
    }
    to.end();
  } catch {
    // One side broke: so does the other.
    from.destroy();
    to.destroy();
  }
}
