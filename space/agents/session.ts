import type { Static } from 'typebox';
import type { WebSocket } from 'ws';
import {
  AgentFrame,
  CLOSE_CODES,
  PROTOCOL_VERSION,
  type EventFrame,
  type HelloFrame,
  type ProgressFrame,
  type REJECT_CODES,
  type ResultFrame,
  type SpaceFrame,
} from '../../contract/space/protocol.ts';
import { parser } from '../../contract/schema.ts';
import type { FaultAction, SpaceFaults } from '../faults.ts';
import type { Clock, Random } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Command } from '../state/commands.ts';
import type { State } from '../state/state.ts';
import { judgeHello } from './hello.ts';
import { Heartbeat } from './heartbeat.ts';
import { signedFrame } from './signed-frame.ts';

export interface Timing {
  /** Between two pings, ms. */
  readonly pingMs: number;
  /** From a ping to the latest welcome pong, ms. */
  readonly pongMs: number;
  /** From the challenge to the latest welcome hello, ms. */
  readonly helloMs: number;
}

export interface SessionOptions {
  readonly state: State;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly faults: SpaceFaults | undefined;
  readonly timing: Timing;
  readonly hosts: () => readonly string[];
  readonly changed: () => void;
  readonly progress: (deviceId: string, jobId: string, body: Record<string, unknown>) => void;
  readonly welcomed: (deviceId: string) => void;
  /** Called once, also for a socket that never said who it is. */
  readonly ended: (deviceId: string | undefined) => void;
}

type RejectCode = (typeof REJECT_CODES)[number];

/** Frames that make no sense, a minute. */
const MAX_BAD_FRAMES = 20;
const WINDOW_MS = 60_000;
/** A peer that does not read what it is sent is gone. */
const MAX_UNREAD_BYTES = 1024 * 1024;
const frameParser = parser(AgentFrame);

/** One agent's socket: challenge, hello, then frames until one side ends it. */
export class AgentSession {
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #options: SessionOptions;
  readonly #nonce: string;
  readonly #heartbeat: Heartbeat;
  #deviceId: string | undefined;
  #badFrames: number[] = [];
  #helloTimer: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(socket: WebSocket, options: SessionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    this.#nonce = options.random(32).toString('base64');
    this.#heartbeat = new Heartbeat(socket, options.timing, () => this.#lost());
  }

  start(): void {
    this.#socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    // `ws` closes the socket by itself after an error (too big, not UTF-8, bad framing); it must only be heard.
    this.#socket.on('error', (error) =>
      this.#options.log('warn', 'agent socket error', { reason: error.message }),
    );
    this.#socket.once('close', () => this.#ended());
    const { helloMs } = this.#options.timing;
    this.#helloTimer = setTimeout(() => this.close(CLOSE_CODES.protocol, 'no hello came'), helloMs);
    this.#send({ type: 'challenge', nonce: this.#nonce });
  }

  sendCommand(command: Command): void {
    const { state, log } = this.#options;
    try {
      const pinned = state.devices.byId(command.deviceId)?.pinnedKeys ?? [];
      this.#send(signedFrame(command.payload, state.commandKeys, pinned));
      state.commands.markSent(command.id);
    } catch (error) {
      log('error', 'a command could not be signed', { commandId: command.id, error });
    }
  }

  sendText(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(text);
    if (this.#socket.bufferedAmount > MAX_UNREAD_BYTES) this.terminate();
  }

  reject(code: RejectCode, reason: string): void {
    if (this.#isClosing) return;
    const frame: SpaceFrame = { type: 'reject', code, reason };
    // Past the faults: it must be out before the socket closes behind it.
    this.#options.faults?.note('out:reject', frame);
    this.sendText(JSON.stringify(frame));
    this.close(code === 'replaced' ? CLOSE_CODES.replaced : CLOSE_CODES.rejected, code);
  }

  close(code: number, reason: string): void {
    this.#isClosing = true;
    this.#socket.close(code, reason);
    // A peer that does not answer the close frame is not waited for.
    setTimeout(() => this.#socket.terminate(), this.#options.timing.pongMs).unref();
  }

  terminate(): void {
    this.#isClosing = true;
    this.#socket.terminate();
  }

  #receive(data: unknown, isBinary: boolean): void {
    if (this.#isClosing) return;
    const frame = isBinary ? undefined : readFrame(String(data));
    if (!frame) return this.#bad();
    const { faults } = this.#options;
    if (!faults) return this.#handle(frame);
    void faults.strike(`in:${frame.type}`, frame).then((action) => {
      if (action?.do === 'drop') return;
      if (action?.do === 'close') return this.close(action.code, 'closed for a test');
      this.#handle(frame);
      if (action?.do === 'duplicate') this.#handle(frame);
    });
  }

  #handle(frame: AgentFrame): void {
    if (this.#isClosing) return;
    try {
      if (this.#deviceId === undefined) return this.#greet(frame);
      if (frame.type === 'event') return this.#event(this.#deviceId, frame);
      if (frame.type === 'result') return this.#result(this.#deviceId, frame);
      if (frame.type === 'progress') return this.#progress(this.#deviceId, frame);
      this.#bad();
    } catch (error) {
      this.#options.log('error', 'a frame could not be stored', { frame: frame.type, error });
      this.close(1011, 'the Space failed');
    }
  }

  #greet(frame: AgentFrame): void {
    if (frame.type !== 'hello') return this.close(CLOSE_CODES.protocol, 'hello must come first');
    const { state, hosts } = this.#options;
    const verdict = judgeHello(frame, { nonce: this.#nonce, hosts: hosts(), devices: state.devices });
    if ('code' in verdict) return this.reject(verdict.code, verdict.reason);
    this.#welcome(frame);
  }

  #welcome({ device, agentVersion }: Static<typeof HelloFrame>): void {
    const { state, clock, timing, welcomed } = this.#options;
    clearTimeout(this.#helloTimer);
    this.#deviceId = device;
    state.devices.seen(device, agentVersion);
    welcomed(device);
    this.#send({
      type: 'welcome',
      protocol: PROTOCOL_VERSION,
      serverTime: clock(),
      heartbeatSec: Math.max(5, Math.round(timing.pingMs / 1000)),
      ackedSeq: state.devices.byId(device)?.ackedSeq ?? 0,
    });
    this.#heartbeat.start();
    for (const command of state.commands.unanswered(device)) this.sendCommand(command);
  }

  #event(deviceId: string, event: Static<typeof EventFrame>): void {
    // 1e300 is a whole number too, but none that can be stored.
    if (!Number.isSafeInteger(event.seq) || !Number.isSafeInteger(event.at)) return this.#bad();
    const isNew = this.#options.state.events.record(deviceId, event);
    this.#send({ type: 'ack', seq: event.seq });
    if (isNew) this.#options.changed();
  }

  #result(deviceId: string, result: Static<typeof ResultFrame>): void {
    if (!this.#options.state.commands.answer(deviceId, result)) return this.#bad();
    this.#options.changed();
  }

  #progress(deviceId: string, { jobId, body }: Static<typeof ProgressFrame>): void {
    this.#options.progress(deviceId, jobId, body);
  }

  /** One odd frame is forgiven; before the hello, and as a habit, it ends the link. */
  #bad(): void {
    if (this.#deviceId === undefined) return this.close(CLOSE_CODES.protocol, 'not a frame of this protocol');
    const now = this.#options.clock();
    this.#badFrames = [...this.#badFrames.filter((at) => Math.abs(now - at) < WINDOW_MS), now];
    if (this.#badFrames.length > MAX_BAD_FRAMES) this.close(CLOSE_CODES.flood, 'too many bad frames');
  }

  #lost(): void {
    this.#options.log('warn', 'an agent no longer answers', { deviceId: this.#deviceId });
    this.terminate();
  }

  #ended(): void {
    clearTimeout(this.#helloTimer);
    this.#heartbeat.stop();
    this.#isClosing = true;
    if (this.#deviceId !== undefined) this.#options.state.devices.seen(this.#deviceId);
    this.#options.ended(this.#deviceId);
  }

  #send(frame: SpaceFrame): void {
    const { faults } = this.#options;
    if (!faults) return this.sendText(JSON.stringify(frame));
    void faults.strike(`out:${frame.type}`, frame).then((action) => this.#sendStruck(frame, action));
  }

  #sendStruck(frame: SpaceFrame, action: FaultAction | undefined): void {
    if (action?.do === 'drop') return;
    if (action?.do === 'close') return this.close(action.code, 'closed for a test');
    if (action?.do === 'reject')
      return this.reject(String(action.code ?? 'busy') as RejectCode, 'rejected for a test');
    this.sendText(JSON.stringify(this.#altered(frame, action)));
    if (action?.do === 'duplicate') this.sendText(JSON.stringify(frame));
  }

  #altered(frame: SpaceFrame, action: FaultAction | undefined): SpaceFrame {
    if (frame.type !== 'command') return frame;
    if (action?.do === 'corrupt') return { ...frame, signature: Buffer.alloc(64, 7).toString('base64') };
    if (action?.do !== 'expire') return frame;
    const payload = JSON.stringify({ ...(JSON.parse(frame.payload) as object), issuedAt: 1, expiresAt: 2 });
    return signedFrame(payload, this.#options.state.commandKeys, [frame.keyId]);
  }
}

function readFrame(text: string): AgentFrame | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return frameParser.check(value) ? value : undefined;
  } catch {
    // Not JSON: counted by the caller like any other bad frame.
    return undefined;
  }
}
