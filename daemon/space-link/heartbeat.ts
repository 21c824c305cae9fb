import type { WebSocket } from 'ws';

export interface HeartbeatOptions {
  readonly socket: WebSocket;
  readonly everyMs: number;
  readonly withinMs: number;
  readonly onDead: () => void;
}

/** Pings at a steady pace; a peer that does not answer in time is dead. Finds a half-open line in at most every + within. */
export function startHeartbeat({ socket, everyMs, withinMs, onDead }: HeartbeatOptions): () => void {
  let waiting: NodeJS.Timeout | undefined;
  const heard = () => {
    clearTimeout(waiting);
    waiting = undefined;
  };
  socket.on('pong', heard);
  const beat = setInterval(() => {
    if (socket.readyState !== socket.OPEN || waiting) return;
    waiting = setTimeout(onDead, withinMs);
    waiting.unref();
    socket.ping(() => undefined);
  }, everyMs);
  beat.unref();
  return () => {
    clearInterval(beat);
    heard();
    socket.off('pong', heard);
  };
}

/** A peer may answer pings and yet never say a word. */
export const GREET_WITHIN_MS = 20_000;

export function waitForGreeting(withinMs: number, onLate: () => void): () => void {
  const timer = setTimeout(onLate, withinMs);
  timer.unref();
  return () => clearTimeout(timer);
}
