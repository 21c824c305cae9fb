import { generateKeyPairSync, randomBytes, randomUUID, sign, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { AGENT_PAIR_PATH, type CommandPayload } from '../../contract/index.ts';

/** A Space that says what a test wants: hand-written, so that it can break every rule. */
export class HostileSpace implements AsyncDisposable {
  readonly deviceId = randomUUID();
  readonly frames: Record<string, unknown>[] = [];
  readonly #current = generateKeyPairSync('ed25519').privateKey;
  readonly #next = generateKeyPairSync('ed25519').privateKey;
  readonly #server: Server;
  #socket: WebSocket | undefined;
  connections = 0;
  /** The newest connection said hello and was welcomed. */
  isGreeted = false;
  /** How far it says it was told. */
  ackedSeq = 0;
  /** Whom a pairing signs in. */
  userid = 'did:key:zTest';
  /** What a pairing answers beside what is right. */
  pairing: object = {};
  /** What every HTTP call but pairing is answered with. */
  answer: { status?: number; headers?: Record<string, string>; body: string } = {
    body: '{"code":200,"message":"ok","data":{}}',
  };

  constructor() {
    this.#server = createServer((request, response) => {
      const isPairing = request.url === AGENT_PAIR_PATH;
      const { status = 200, headers = {}, body } = isPairing ? { body: this.#pairing() } : this.answer;
      request.resume().on('end', () => response.writeHead(status, headers).end(body));
    });
    const sockets = new WebSocketServer({ server: this.#server });
    sockets.on('connection', (socket) => this.#greet(socket));
  }

  static async start(): Promise<HostileSpace> {
    const space = new HostileSpace();
    await new Promise<void>((resolve) => space.#server.listen(0, '127.0.0.1', resolve));
    return space;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  #greet(socket: WebSocket): void {
    this.connections += 1;
    this.isGreeted = false;
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Record<string, unknown>;
      this.frames.push(frame);
      if (frame['type'] === 'hello') this.welcome();
      if (frame['type'] === 'hello') this.isGreeted = true;
      if (frame['type'] === 'event') this.send({ type: 'ack', seq: frame['seq'] });
    });
    this.send({ type: 'challenge', nonce: randomBytes(32).toString('base64') });
  }

  welcome(): void {
    const { ackedSeq } = this;
    this.send({ type: 'welcome', protocol: 1, serverTime: Date.now(), heartbeatSec: 20, ackedSeq });
  }

  send(frame: object): void {
    this.raw(JSON.stringify(frame));
  }

  end(code: number, reason: string): void {
    this.#socket?.close(code, reason);
  }

  raw(data: string | Buffer): void {
    this.#socket?.send(data, () => undefined);
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === this.#socket?.OPEN;
  }

  #pinged: WebSocket | undefined;

  /** Milliseconds until the agent answers; undefined when the line ends before, or a ping is out already. */
  async ping(): Promise<number | undefined> {
    const socket = this.#socket;
    if (!socket || this.#pinged === socket) return undefined;
    this.#pinged = socket;
    const at = performance.now();
    const isAnswered = await new Promise<boolean>((resolve) => {
      const onPong = () => resolve(true);
      const onClose = () => resolve(false);
      socket.once('pong', onPong).once('close', onClose);
      socket.ping(() => undefined);
    });
    socket.removeAllListeners('pong');
    if (this.#pinged === socket) this.#pinged = undefined;
    return isAnswered ? performance.now() - at : undefined;
  }

  /** Until what was sent is on its way, or the line ended. */
  async drained(): Promise<void> {
    const socket = this.#socket;
    while (socket && socket.readyState === socket.OPEN && socket.bufferedAmount > 0)
      await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** A command as an honest Space would make it, with what a test changes. */
  payload(change: Partial<CommandPayload> & Record<string, unknown> = {}): string {
    const now = Date.now();
    return JSON.stringify({
      commandId: randomUUID(),
      deviceId: this.deviceId,
      seq: 1,
      kind: 'notice',
      issuedAt: now,
      expiresAt: now + 60_000,
      params: { text: 'hello' },
      ...change,
    });
  }

  command(
    payload: string,
    change: { keyId?: string; signature?: string; key?: 'current' | 'next' } = {},
  ): void {
    const keyId = change.keyId ?? change.key ?? 'current';
    const key = change.key === 'next' ? this.#next : this.#current;
    const signature = change.signature ?? sign(null, Buffer.from(payload), key).toString('base64');
    this.send({ type: 'command', payload, keyId, signature });
  }

  results(): Record<string, unknown>[] {
    return this.frames.filter(({ type }) => type === 'result');
  }

  #pairing(): string {
    const commandKeys = {
      current: { id: 'current', publicKey: rawKey(this.#current) },
      next: { id: 'next', publicKey: rawKey(this.#next) },
    };
    const data = {
      deviceId: this.deviceId,
      userid: this.userid,
      token: 'token',
      expired: 0,
      clusterId: 'c',
      commandKeys,
      ...this.pairing,
    };
    return JSON.stringify({ code: 200, message: 'ok', data });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function rawKey(privateKey: KeyObject): string {
  const der = privateKey.export({ format: 'jwk' });
  return Buffer.from(String(der.x), 'base64url').toString('base64');
}
