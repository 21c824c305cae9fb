import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface ListeningProxy extends AsyncDisposable {
  readonly port: number;
  /** Everything that was sent towards the other side, each connection by itself. */
  sent(): Buffer[];
  /** Where connections go. */
  forwardTo(port: number): void;
}

/** A plain TCP proxy on loopback that remembers what clients sent. */
export async function listeningProxy(): Promise<ListeningProxy> {
  const connections: Buffer[][] = [];
  const sockets = new Set<Socket>();
  let target = 0;
  const server = createServer((client) => {
    const upstream = connect({ host: '127.0.0.1', port: target });
    const chunks: Buffer[] = [];
    connections.push(chunks);
    client.on('data', (chunk: Buffer) => chunks.push(chunk));
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sent: () => connections.map((chunks) => Buffer.concat(chunks)),
    forwardTo: (port) => void (target = port),
    async [Symbol.asyncDispose]() {
      sockets.forEach((socket) => socket.destroy());
      server.close();
      await once(server, 'close');
    },
  };
}
