import type { WebSocket } from 'ws';

/** Pings at a steady pace and tells when an answer stays out, so that a half-open connection is found. */
export class Heartbeat {
  readonly #socket: WebSocket;
  readonly #timing: { readonly pingMs: number; readonly pongMs: number };
  readonly #onLost: () => void;
  #pingTimer: NodeJS.Timeout | undefined;
  #pongTimer: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, timing: { pingMs: number; pongMs: number }, onLost: () => void) {
    this.#socket = socket;
    this.#timing = timing;
    this.#onLost = onLost;
  }

  start(): void {
    this.#socket.on('pong', () => clearTimeout(this.#pongTimer));
    this.#pingTimer = setInterval(() => this.#ping(), this.#timing.pingMs);
  }

  stop(): void {
    clearInterval(this.#pingTimer);
    clearTimeout(this.#pongTimer);
  }

  #ping(): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    clearTimeout(this.#pongTimer);
    this.#pongTimer = setTimeout(this.#onLost, this.#timing.pongMs);
    this.#socket.ping();
  }
}
