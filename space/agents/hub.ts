import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { AGENT_CONNECT_PATH, AGENT_SUBPROTOCOL, MAX_FRAME_BYTES } from '../../contract/space/protocol.ts';
import type { SpaceFaults } from '../faults.ts';
import type { Clock, Random } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Command, NewCommand } from '../state/commands.ts';
import type { State } from '../state/state.ts';
import { AgentSession, type Timing } from './session.ts';

export interface HubOptions {
  readonly state: State;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly faults: SpaceFaults | undefined;
  readonly timing: Timing;
  /** Names (with port) under which agents may have reached this Space; a device signs the one it dialed. */
  readonly hosts: () => readonly string[];
  /** Told after something was stored that a viewer may want to see. */
  readonly changed: () => void;
  readonly progress: (deviceId: string, jobId: string, body: Record<string, unknown>) => void;
}

/** Sockets that have not yet said who they are. */
const MAX_GREETING = 1024;
const CLOSE_GRACE_MS = 1_000;

/** All agents that are connected: one session a device. */
export class AgentHub {
  readonly #options: HubOptions;
  readonly #sockets: WebSocketServer;
  /** All whose socket is not closed yet. */
  readonly #open = new Set<AgentSession>();
  readonly #greeting = new Set<AgentSession>();
  readonly #live = new Map<string, AgentSession>();

  constructor(options: HubOptions) {
    this.#options = options;
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: MAX_FRAME_BYTES,
      maxFragments: 16,
      maxBufferedChunks: 1024,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has(AGENT_SUBPROTOCOL) ? AGENT_SUBPROTOCOL : false),
    });
  }

  /** Takes over the socket of an `upgrade` request, or refuses it. `path` is the request's without a base. */
  upgrade(request: IncomingMessage, socket: Duplex, context: { head: Buffer; path: string }): void {
    const status = this.#refusal(request, context.path);
    if (status !== undefined) {
      socket.end(
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
      );
      return;
    }
    this.#sockets.handleUpgrade(request, socket, context.head, (webSocket) => {
      const session = new AgentSession(webSocket, {
        ...this.#options,
        welcomed: (deviceId) => this.#welcome(deviceId, session),
        ended: (deviceId) => this.#end(deviceId, session),
      });
      this.#open.add(session);
      this.#greeting.add(session);
      session.start();
    });
  }

  isLive(deviceId: string): boolean {
    return this.#live.has(deviceId);
  }

  /** Stores the command, then sends it if the device is there; else it goes out at the next connect. */
  command(command: NewCommand): Command {
    const stored = this.#options.state.commands.add(command);
    this.#live.get(command.deviceId)?.sendCommand(stored);
    this.#options.changed();
    return stored;
  }

  /** Ends the link of a device that was revoked. */
  dismiss(deviceId: string): void {
    this.#live.get(deviceId)?.reject('revoked', 'this device was revoked');
  }

  /** For tests: any text as a frame. False when the device is not there. */
  sendRaw(deviceId: string, text: string): boolean {
    const session = this.#live.get(deviceId);
    session?.sendText(text);
    return session !== undefined;
  }

  /** Ends all links without a goodbye. */
  cutAll(): void {
    for (const session of this.#open) session.terminate();
  }

  /** When it returns no session will touch the state any more. */
  async close(): Promise<void> {
    this.#sockets.close();
    for (const session of this.#open) session.close(1001, 'the Space stops');
    const late = setTimeout(() => this.cutAll(), CLOSE_GRACE_MS);
    await Promise.all([...this.#open].map((session) => session.closed));
    clearTimeout(late);
  }

  #refusal(request: IncomingMessage, path: string): number | undefined {
    if (path.split('?')[0] !== AGENT_CONNECT_PATH) return 404;
    // Only browsers send it, and no page has any business here.
    if (request.headers.origin !== undefined) return 403;
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.includes(AGENT_SUBPROTOCOL)) return 400;
    return this.#greeting.size >= MAX_GREETING ? 503 : undefined;
  }

  #welcome(deviceId: string, session: AgentSession): void {
    this.#greeting.delete(session);
    this.#live.get(deviceId)?.reject('replaced', 'this device has connected again');
    this.#live.set(deviceId, session);
    this.#options.changed();
  }

  #end(deviceId: string | undefined, session: AgentSession): void {
    this.#open.delete(session);
    this.#greeting.delete(session);
    if (deviceId === undefined || this.#live.get(deviceId) !== session) return;
    this.#live.delete(deviceId);
    this.#options.changed();
  }
}
