import { once } from 'node:events';
import {
  createServer,
  request as send,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { actOnCall, actOnSocket, type Fault } from './fault-actions.ts';
import { isStorage, meets, STS_PATHS, targetOf, type Target } from './fault-targets.ts';
import type { Certificate } from './certificates.ts';

export type { Fault, Target };

export interface Strike {
  /** How many calls or connections it met. */
  readonly hits: number;
  heal(): void;
}

interface LiveStrike {
  readonly target: Target;
  readonly fault: Fault;
  hits: number;
  readonly healed: AbortController;
}

/** A gate before uploads of data: what arrives waits. */
export interface Gate {
  /** How many uploads have come to it. */
  readonly waiting: number;
  open(): void;
}

interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
}

export interface FaultProxyOptions {
  /** Speaks TLS with this certificate; without it plain HTTP. */
  readonly certificate?: Certificate;
  /** Shown instead while the fault `wrong certificate` lasts. */
  readonly wrongCertificate?: Certificate;
}

/** Stands before a Space and lets faults happen to some of the calls that pass. */
export class FaultProxy implements AsyncDisposable {
  /** Life of storage keys that agents are given, when it is to be shorter than what they ask for. */
  keyLifeSeconds: number | undefined;
  /** Most bytes of uploads per second, all together. */
  uploadBytesPerSecond: number | undefined;
  /** Where the storage is said to be, when that is not what Space says. */
  storageUrl: string | undefined;
  /** Secrets that Space gave out. */
  readonly issued: string[] = [];
  /** What was answered, in order. */
  readonly passed: { target: Target | undefined; url: string; status: number }[] = [];
  readonly #server;
  readonly #options: FaultProxyOptions;
  readonly #strikes: LiveStrike[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #links = new Set<Link>();
  readonly #closing = new AbortController();
  #gate: { waiting: number; opened: AbortController } | undefined;
  #upstreamPort = 0;
  #sentUntil = 0;

  constructor(options: FaultProxyOptions = {}) {
    this.#options = options;
    const listener = (call: IncomingMessage, answer: ServerResponse) =>
      // A Space that ends in the middle of a call.
      void this.#onCall(call, answer).catch(() => answer.destroy());
    this.#server = options.certificate
      ? createTlsServer({ ...options.certificate }, listener)
      : createServer(listener);
    this.#server.requestTimeout = 0;
    this.#server.on('connection', (socket: Socket) => {
      this.#keep(socket);
      this.#hitCertificate();
    });
    this.#server.on('upgrade', (call, socket, head) => void this.#onUpgrade(call, socket as Socket, head));
  }

  static async start(options?: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#options.certificate ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  forwardTo(port: number): void {
    this.#upstreamPort = port;
  }

  strike(target: Target, fault: Fault): Strike {
    const strike: LiveStrike = { target, fault, hits: 0, healed: new AbortController() };
    this.#strikes.push(strike);
    if (fault === 'wrong certificate') this.#show(this.#options.wrongCertificate);
    if (target === 'WebSocket') this.#meetLinks(strike);
    return {
      get hits() {
        return strike.hits;
      },
      heal: () => this.#heal(strike),
    };
  }

  holdUploads(): Gate {
    const gate = { waiting: 0, opened: new AbortController() };
    this.#gate = gate;
    return {
      get waiting() {
        return gate.waiting;
      },
      open: () => gate.opened.abort(),
    };
  }

  #heal(strike: LiveStrike): void {
    const at = this.#strikes.indexOf(strike);
    if (at >= 0) this.#strikes.splice(at, 1);
    if (strike.fault === 'wrong certificate') this.#show(this.#options.certificate);
    strike.healed.abort();
  }

  /** Connections that stand keep the certificate they began with, so they end. */
  #show(certificate: Certificate | undefined): void {
    if (certificate) (this.#server as TlsServer).setSecureContext({ ...certificate });
    for (const socket of this.#sockets) socket.destroy();
  }

  #hitCertificate(): void {
    for (const strike of this.#strikes) if (strike.fault === 'wrong certificate') strike.hits += 1;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  async #onCall(call: IncomingMessage, answer: ServerResponse): Promise<void> {
    const target = targetOf(call);
    call.on('error', () => undefined);
    answer.on('error', () => undefined);
    answer.on('finish', () => this.passed.push({ target, url: call.url ?? '', status: answer.statusCode }));
    if (target === 'storage PUT' && /\/data\//.test(call.url ?? '')) await this.#atGate();
    const strike = this.#strikes.find((one) => meets(one, target));
    const forward = (relay?: boolean) => this.#forward(call, answer, relay);
    if (!strike) return void (await forward());
    strike.hits += 1;
    // The test has ended the token at Space itself.
    if (strike.fault === 'expired token' && !isStorage(strike.target)) return void (await forward());
    await actOnCall(strike.fault, { call, answer, forward, until: this.#until(strike) });
  }

  #until(strike: LiveStrike) {
    return { healed: strike.healed.signal, over: this.#closing.signal };
  }

  async #atGate(): Promise<void> {
    const gate = this.#gate;
    if (!gate || gate.opened.signal.aborted) return;
    gate.waiting += 1;
    await once(gate.opened.signal, 'abort');
  }

  /** @returns Space's answer; with `relay: false` nobody has read its body yet */
  async #forward(call: IncomingMessage, answer: ServerResponse, relay = true): Promise<IncomingMessage> {
    const isSts = STS_PATHS.has(call.url ?? '');
    const outgoing = await this.#askSpace(call, isSts && this.keyLifeSeconds !== undefined);
    outgoing.on('error', () => answer.destroy());
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    incoming.on('error', () => answer.destroy());
    if (!relay) return incoming;
    if (isSts) await this.#relayKeys(incoming, answer);
    else incoming.pipe(answer.writeHead(incoming.statusCode ?? 502, incoming.rawHeaders));
    return incoming;
  }

  /** Space's answer, but for where the storage is said to be. */
  async #relayKeys(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    this.#noteKeys(text);
    const moved = this.storageUrl && text.replace(/"endpoint":"[^"]*"/, `"endpoint":"${this.storageUrl}"`);
    const { date } = incoming.headers;
    const headers = { 'content-type': 'application/json', ...(date && { date }) };
    answer.writeHead(incoming.statusCode ?? 502, headers).end(moved ?? text);
  }

  #noteKeys(text: string): void {
    const { data } = JSON.parse(text) as { data: { sk?: string; st?: string } | null };
    if (data?.sk !== undefined && data.st !== undefined) this.issued.push(data.sk, data.st);
  }

  async #askSpace(call: IncomingMessage, isShortened: boolean): Promise<ClientRequest> {
    const { method, url: path, headers } = call;
    const body = isShortened ? await this.#shortened(call) : undefined;
    const outgoing = send({
      host: '127.0.0.1',
      port: this.#upstreamPort,
      method,
      path,
      agent: false,
      headers: { ...headers, ...(body && { 'content-length': body.length }) },
    });
    outgoing.on('error', () => undefined);
    if (body) outgoing.end(body);
    else void this.#pipeBody(call, outgoing);
    return outgoing;
  }

  async #pipeBody(call: IncomingMessage, outgoing: ClientRequest): Promise<void> {
    if (this.uploadBytesPerSecond === undefined || call.method !== 'PUT') return void call.pipe(outgoing);
    for await (const chunk of call as AsyncIterable<Buffer>) {
      outgoing.write(chunk);
      await this.#pace(chunk.length);
    }
    outgoing.end();
  }

  async #pace(bytes: number): Promise<void> {
    const now = performance.now();
    this.#sentUntil =
      Math.max(this.#sentUntil, now) + (bytes * 1000) / (this.uploadBytesPerSecond ?? Infinity);
    await new Promise((resolve) => setTimeout(resolve, this.#sentUntil - now));
  }

  async #shortened(call: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of call as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    return Buffer.from(text.replace(/durationSeconds=\d+/, `durationSeconds=${this.keyLifeSeconds}`));
  }

  async #onUpgrade(call: IncomingMessage, client: Socket, head: Buffer): Promise<void> {
    this.#keep(client);
    const strike = this.#strikes.find(({ target }) => target === 'WebSocket');
    if (!strike || strike.fault === 'wrong certificate') return this.#join(call, client, head);
    strike.hits += 1;
    const join = () => this.#join(call, client, head);
    await actOnSocket(strike.fault, { client, join, until: this.#until(strike) });
  }

  #join(call: IncomingMessage, client: Socket, head: Buffer): void {
    const upstream = connect({ host: '127.0.0.1', port: this.#upstreamPort });
    this.#keep(upstream);
    const link = { client, upstream };
    this.#links.add(link);
    const lines: string[] = [`${call.method} ${call.url} HTTP/1.1`];
    for (let n = 0; n < call.rawHeaders.length; n += 2)
      lines.push(`${call.rawHeaders[n]}: ${call.rawHeaders[n + 1]}`);
    upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
    upstream.write(head);
    upstream.pipe(client);
    client.pipe(upstream);
    upstream.on('close', () => client.destroy());
    client.on('close', () => {
      upstream.destroy();
      this.#links.delete(link);
    });
  }

  /** A line that stands freezes where the fault is silence, and is cut where it is not. */
  #meetLinks(strike: LiveStrike): void {
    for (const { client, upstream } of this.#links) {
      strike.hits += 1;
      if (!['black hole', '1 byte/s', '30 s delay'].includes(strike.fault)) client.destroy();
      else {
        client.unpipe(upstream).pause();
        upstream.unpipe(client).pause();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const strike of this.#strikes.splice(0)) strike.healed.abort();
    this.#gate?.opened.abort();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
