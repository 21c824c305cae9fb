import {
  challengeText,
  cleanText,
  PROTOCOL_VERSION,
  type AgentEvent,
  type AgentFrame,
  type LinkState,
  type Progress,
  type SpaceFrame,
} from '../../contract/index.ts';
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Health } from '../health/health.ts';
import type { Store } from '../store/store.ts';
import type { CommandResult, Commands } from './commands.ts';
import { signText } from './device-key.ts';
import { createFloodGuard } from './flood-guard.ts';
import { eventBodyForSpace } from './event-body.ts';
import { readCommand, readFrame } from './frames.ts';
import { GREET_WITHIN_MS, startHeartbeat, waitForGreeting } from './heartbeat.ts';
import type { Identity } from './identity.ts';
import { networkReason, retryAfterOf } from './network-reasons.ts';
import { sinceSeq, SPACE_OUTLET } from './outlet-places.ts';

/** How one connection ended. */
export interface Ending {
  readonly wasLive: boolean;
  /** Space turned the machine away; without `retryAfterMs` for good. */
  readonly rejected: boolean;
  /** We ended it because of what came: a Space that floods is called again later and later. */
  readonly broken?: boolean;
  readonly reason: string;
  readonly retryAfterMs?: number;
}

export interface ConversationOptions {
  readonly socket: WebSocket;
  readonly identity: Identity;
  readonly enter: (state: LinkState, reason?: string) => void;
  readonly stop: AbortSignal;
  readonly store: Store;
  readonly commands: Commands;
  readonly health: Health;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly onProgress: (listener: (progress: Progress) => void) => () => void;
  readonly pingEveryMs?: number;
  readonly pongWithinMs?: number;
  /** From the dial to the welcome. */
  readonly greetWithinMs?: number;
}

/** Talks over one socket until it ends. Never rejects. */
export function runConversation(options: ConversationOptions): Promise<Ending> {
  return new Promise((resolve) => {
    const conversation = new Conversation(options);
    conversation.start(resolve);
  });
}

/** Events on their way without an answer: enough to fill a line, few enough to send again. */
const WINDOW = 64;
const BUFFER_LIMIT_BYTES = 1024 * 1024;
const REPLAY_BATCH = 256;

class Conversation {
  readonly #o: ConversationOptions;
  readonly #guard;
  readonly #release: (() => void)[] = [];
  #ending: Ending = { wasLive: false, rejected: false, reason: 'the connection was cut' };
  #sentSeq = 0;
  #ackedSeq = 0;
  #unacked: number[] = [];
  #clockOffsetMs = 0;
  #live = false;
  #hasFailed = false;

  constructor(options: ConversationOptions) {
    this.#o = options;
    this.#guard = createFloodGuard(options.clock);
  }

  start(done: (ending: Ending) => void): void {
    const { socket, stop } = this.#o;
    const onStop = () => socket.close(1000);
    stop.addEventListener('abort', onStop, { once: true });
    this.#release.push(() => stop.removeEventListener('abort', onStop));
    if (stop.aborted) socket.terminate();
    socket.on('open', () => this.#o.enter('greeting'));
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on('error', (error) => this.#failed(error));
    socket.on('unexpected-response', (_request, response) => {
      this.#failed(new Error(), response);
      response.destroy();
      socket.terminate();
    });
    socket.on('close', (code, reason) => {
      for (const release of this.#release.splice(0)) release();
      if (code >= 4000) this.#note(cleanText(reason.toString('utf8'), 200) || `closed with code ${code}`);
      done({ ...this.#ending, wasLive: this.#live });
    });
    this.#release.push(
      waitForGreeting(this.#o.greetWithinMs ?? GREET_WITHIN_MS, () => {
        if (!this.#live) this.#dead('it does not greet this machine');
      }),
      startHeartbeat({
        socket,
        everyMs: this.#o.pingEveryMs ?? 18_000,
        withinMs: this.#o.pongWithinMs ?? 10_000,
        onDead: () => this.#dead('it gave no sign of life'),
      }),
    );
  }

  #dead(reason: string): void {
    this.#note(reason);
    this.#o.socket.terminate();
  }

  /** The first fault says why; what follows is its consequence. */
  #failed(error: Error, response?: IncomingMessage): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    if (!response) return this.#note(networkReason(error));
    this.#note(`it answered the WebSocket with HTTP ${response.statusCode ?? '?'}`);
    const retryAfterMs = retryAfterOf(response.headers, this.#o.clock.now());
    if (retryAfterMs !== undefined) this.#ending = { ...this.#ending, retryAfterMs };
  }

  #note(reason: string): void {
    if (!this.#ending.rejected) this.#ending = { ...this.#ending, reason };
  }

  #onMessage(data: unknown, isBinary: boolean): void {
    // What was on the way when the line was given up is not even looked at.
    if (this.#ending.broken) return;
    if (!this.#guard.allow()) return this.#breakOff('too many frames');
    const frame = isBinary ? undefined : readFrame(String(data));
    if (!frame) {
      if (!this.#guard.tolerate()) this.#breakOff('too many frames that are not of the protocol');
      return;
    }
    try {
      this.#onFrame(frame);
    } catch (error) {
      this.#o.log.error({ err: error, frame: frame.type }, 'a frame of Space could not be handled');
      this.#breakOff('an error inside the agent');
    }
  }

  #breakOff(reason: string): void {
    this.#note(reason);
    this.#ending = { ...this.#ending, broken: true };
    this.#o.socket.close(4000, reason);
    setTimeout(() => this.#o.socket.terminate(), 1000).unref();
  }

  #onFrame(frame: SpaceFrame): void {
    switch (frame.type) {
      case 'challenge':
        return this.#answerChallenge(frame.nonce);
      case 'welcome':
        return this.#welcomed(frame);
      case 'reject':
        return this.#rejected(frame);
      case 'ack':
        return this.#acked(frame.seq);
      case 'command':
        return this.#command(frame);
    }
  }

  #answerChallenge(nonce: string): void {
    const { identity, store, version } = this.#o;
    if (!identity.device || this.#live) return;
    const host = new URL(identity.spaceUrl).host;
    this.#send({
      type: 'hello',
      protocol: { min: PROTOCOL_VERSION, max: PROTOCOL_VERSION },
      device: identity.device.id,
      signature: signText(identity.device.privateKey, challengeText(nonce, identity.device.id, host)),
      agentVersion: version,
      lastSeq: store.events.newestSeq(),
    });
  }

  #welcomed(frame: Extract<SpaceFrame, { type: 'welcome' }>): void {
    if (this.#live) return;
    this.#live = true;
    this.#clockOffsetMs = frame.serverTime - this.#o.clock.now();
    this.#ackedSeq = this.#placeAfter(frame.ackedSeq);
    this.#sentSeq = this.#ackedSeq;
    this.#o.enter('replaying');
    this.#release.push(this.#o.store.onAppended(() => this.#pump()));
    this.#release.push(this.#o.onProgress((progress) => this.#sendProgress(progress)));
    this.#o.commands.resume();
    this.#pump();
  }

  /** Where to go on: where Space says it is, as far as that can be. */
  #placeAfter(ackedSeq: number): number {
    const { store, health } = this.#o;
    const since = sinceSeq(store);
    if (ackedSeq <= store.events.newestSeq()) {
      health.clear('space_ahead');
      return Math.max(ackedSeq, since);
    }
    health.raise({
      code: 'space_ahead',
      level: 'warning',
      message:
        'Olares Space says it knows more of this machine than has happened here, so what it shows may be wrong.',
      hint: 'pair again, and Space begins anew: olares-backup login --space URL --code CODE',
    });
    return Math.max(store.cursors.get(SPACE_OUTLET), since);
  }

  #rejected(frame: Extract<SpaceFrame, { type: 'reject' }>): void {
    const retryAfterMs =
      frame.retryAfterSec === undefined ? {} : { retryAfterMs: frame.retryAfterSec * 1000 };
    const reason = `${cleanText(frame.reason, 200)} (${cleanText(frame.code, 64)})`;
    this.#ending = { wasLive: false, rejected: true, reason, ...retryAfterMs };
    this.#o.socket.close(1000);
  }

  #acked(seq: number): void {
    if (!this.#live || seq <= this.#ackedSeq || seq > this.#sentSeq) return;
    this.#ackedSeq = seq;
    this.#unacked = this.#unacked.filter((sent) => sent > seq);
    this.#o.store.commit(() => this.#o.store.cursors.set(SPACE_OUTLET, seq));
    this.#pump();
  }

  /** Sends what is new, as far as the window and the socket's buffer allow. */
  #pump(): void {
    if (!this.#live) return;
    while (this.#hasRoom()) {
      const events = this.#o.store.events.after(this.#sentSeq, REPLAY_BATCH);
      if (events.length === 0) break;
      for (const event of events) if (this.#hasRoom()) this.#sendEvent(event);
    }
    if (this.#unacked.length === 0) this.#o.enter('live');
  }

  #hasRoom(): boolean {
    return this.#unacked.length < WINDOW && this.#o.socket.bufferedAmount < BUFFER_LIMIT_BYTES;
  }

  #sendEvent(event: AgentEvent): void {
    this.#sentSeq = event.seq;
    const result = this.#o.commands.resultAfter(event);
    if (result) this.#sendResult(result);
    const body = eventBodyForSpace(event);
    if (body === null) return;
    this.#unacked.push(event.seq);
    this.#send({ type: 'event', seq: event.seq, at: event.at, kind: event.kind, body });
  }

  #command(frame: Extract<SpaceFrame, { type: 'command' }>): void {
    const { identity, commands, clock, log } = this.#o;
    if (!this.#live || !identity.device) return;
    const spaceNow = clock.now() + this.#clockOffsetMs;
    const verdict = readCommand(frame, {
      deviceId: identity.device.id,
      keys: identity.device.commandKeys,
      spaceNow,
    });
    if (verdict.ok) return this.#sendResult(commands.receive(verdict.command, frame.payload));
    log.warn({ why: verdict.why, commandId: verdict.commandId }, 'a command of Space was refused');
    if (!this.#guard.tolerate()) return this.#breakOff('too many commands that can not be trusted');
    if (verdict.commandId === undefined) return;
    this.#sendResult({
      commandId: verdict.commandId,
      status: verdict.expired ? 'expired' : 'refused',
      code: verdict.why,
    });
  }

  #sendResult(result: CommandResult): void {
    this.#send({ type: 'result', ...result });
  }

  #sendProgress(progress: Progress): void {
    if (this.#o.socket.bufferedAmount > 0) return;
    const { jobId, stall: _stall, ...body } = progress;
    this.#send({ type: 'progress', jobId, body });
  }

  #send(frame: AgentFrame): void {
    this.#o.socket.send(JSON.stringify(frame), () => undefined);
  }
}
