import { createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { WebSocket } from 'ws';
import type { CommandPayload, PairAnswer } from '../../contract/space/protocol.ts';
import type { TestSpace } from './fixture.ts';

type Frame = Record<string, unknown> & { type: string };

/** A paired machine whose every step is written out by hand here, from the protocol's manual alone. */
export interface Machine {
  readonly paired: PairAnswer;
  readonly privateKey: KeyObject;
}

export async function pairMachine(fixture: TestSpace, code?: string): Promise<Machine> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const answer = await fixture.post(
    '/v1/agent/pair',
    JSON.stringify({
      code: code ?? fixture.space.createPairingCode('alice@olares.com').code,
      devicePublicKey: publicKey.export({ type: 'spki', format: 'der' }).subarray(12).toString('base64'),
      machine: 'box',
      agentVersion: '1.0.0',
    }),
    { 'content-type': 'application/json' },
  );
  if (answer.code !== 200) throw new Error(answer.message);
  return { paired: answer.data as unknown as PairAnswer, privateKey };
}

/** One connection; frames are taken in the order in which they came. */
export class Agent {
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #frames: Frame[] = [];
  #wake: () => void = () => undefined;

  constructor(
    url: string,
    options: { subprotocol?: string; headers?: Record<string, string>; autoPong?: boolean } = {},
  ) {
    const { subprotocol = 'olares-backup.v1', headers = {}, autoPong = true } = options;
    const address = `${url.replace('http', 'ws')}/v1/agent/connect`;
    this.socket = new WebSocket(address, subprotocol, { headers, autoPong, perMessageDeflate: false });
    this.socket.on('message', (data) => {
      this.#frames.push(JSON.parse(String(data)) as Frame);
      this.#wake();
    });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#wake();
      });
    });
  }

  async next(type: string): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame?.type === type) return frame;
      if (frame) throw new Error(`expected ${type}, got ${JSON.stringify(frame)}`);
      if (this.socket.readyState === WebSocket.CLOSED)
        throw new Error(`expected ${type}, but the socket is closed`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** Answers the challenge; fields may be spoiled. */
  async hello(
    { paired, privateKey }: Machine,
    spoil: Record<string, unknown> = {},
    host?: string,
  ): Promise<void> {
    const { nonce } = await this.next('challenge');
    const own = new URL(this.socket.url).host;
    const text = `olares-backup connect v1\n${String(nonce)}\n${paired.deviceId}\n${host ?? own}`;
    this.send({
      type: 'hello',
      protocol: { min: 1, max: 1 },
      device: paired.deviceId,
      signature: sign(
        null,
        Buffer.from(text),
        createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })),
      ).toString('base64'),
      agentVersion: '1.0.0',
      lastSeq: 0,
      ...spoil,
    });
  }

  event(seq: number, kind: string, body: unknown): void {
    this.send({ type: 'event', seq, at: 1_767_225_600_000, kind, body });
  }

  async nextCommand(): Promise<CommandPayload> {
    return JSON.parse(String((await this.next('command'))['payload'])) as CommandPayload;
  }
}

export async function connect(fixture: TestSpace, machine: Machine): Promise<Agent> {
  const agent = new Agent(fixture.space.url);
  await agent.hello(machine);
  await agent.next('welcome');
  return agent;
}
