import {
  AGENT_CONNECT_PATH,
  AGENT_SUBPROTOCOL,
  MAX_FRAME_BYTES,
  type Link,
  type LinkState,
  type Progress,
} from '../../contract/index.ts';
import { WebSocket } from 'ws';
import type { Clock } from '../base/clock.ts';
import type { Chance } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { Health } from '../health/health.ts';
import type { Store } from '../store/store.ts';
import type { SpaceSession } from './account.ts';
import { createRedial, pause } from './backoff.ts';
import type { Commands } from './commands.ts';
import { runConversation, type Ending } from './conversation.ts';
import type { Identity } from './identity.ts';

export interface LinkOptions {
  readonly session: SpaceSession;
  readonly store: Store;
  readonly commands: Commands;
  readonly health: Health;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly version: string;
  readonly reconnectBaseMs: number;
  readonly reconnectMaxMs: number;
  readonly onProgress: (listener: (progress: Progress) => void) => () => void;
  /** Silence after which the peer is asked for a sign of life, and how long it has. Default 18 s and 10 s. */
  readonly pingEveryMs?: number;
  readonly pongWithinMs?: number;
}

export interface SpaceLink {
  view(): Omit<Link, 'pendingReports'>;
  stop(): Promise<void>;
}

/** Keeps the WebSocket to Space: dials, talks, and dials again. Ends only by {@link SpaceLink.stop}. */
export function startLink(options: LinkOptions): SpaceLink {
  const stopping = new AbortController();
  let changed = new AbortController();
  let state: { state: LinkState; reason?: string; since: number } = {
    state: 'offline',
    since: options.clock.now(),
  };
  const enter = (next: LinkState, reason?: string) => {
    if (state.state === next && state.reason === reason) return;
    state = { state: next, since: options.clock.now(), ...(reason === undefined ? {} : { reason }) };
    try {
      options.store.commit((append) =>
        append('link.state', { state: next, ...(reason === undefined ? {} : { reason }) }),
      );
      tellHealth(options.health, next, reason);
    } catch (error) {
      // A full disk, say: the link itself needs none, and the next change is told again.
      options.log.error({ err: error, state: next }, 'the state of the link could not be written down');
    }
  };
  const { reconnectBaseMs: baseMs, reconnectMaxMs: maxMs, chance, clock } = options;
  const backoff = createRedial({ baseMs, maxMs, chance, clock });
  options.session.onChanged(() => {
    // A person who has just signed in does not wait for what went wrong before.
    backoff.reset();
    changed.abort();
  });

  const loop = async () => {
    while (!stopping.signal.aborted) {
      changed = new AbortController();
      const either = AbortSignal.any([stopping.signal, changed.signal]);
      const identity = options.session.identity();
      const device = identity?.device;
      if (!identity || !device) {
        enter(
          identity ? 'http-only' : 'unpaired',
          identity ? 'this Space was joined without pairing' : undefined,
        );
        await pause(LONG_MS, either);
        continue;
      }
      const ending = await dial({ options, identity, enter, stop: either });
      if (ending.wasLive && !ending.broken) backoff.reset();
      if (either.aborted) continue;
      await settle(ending, { enter, backoff, either });
    }
    enter('offline');
  };
  const running = loop().catch((error: unknown) =>
    options.log.error({ err: error }, 'link to Space stopped'),
  );
  return {
    view: () => state,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

const LONG_MS = 24 * 60 * 60 * 1000;

interface Settling {
  readonly enter: (state: LinkState, reason?: string) => void;
  readonly backoff: ReturnType<typeof createRedial>;
  readonly either: AbortSignal;
}

/** Rejected stays until the account changes or the time Space named is over; anything else is dialled again. */
async function settle(ending: Ending, { enter, backoff, either }: Settling): Promise<void> {
  if (ending.rejected && ending.retryAfterMs === undefined) {
    enter('rejected', ending.reason);
    await pause(LONG_MS, either);
    return;
  }
  const waitMs = backoff.next(ending.retryAfterMs);
  enter('backing-off', ending.reason);
  await pause(waitMs, either);
}

interface Dial {
  readonly options: LinkOptions;
  readonly identity: Identity;
  readonly enter: (state: LinkState, reason?: string) => void;
  readonly stop: AbortSignal;
}

const DIAL_TIMEOUT_MS = 10_000;
/** A frame of 64 KiB comes in one piece or a few; thousands of tiny ones only cost memory. */
const MAX_FRAGMENTS = 16;
const MAX_BUFFERED_CHUNKS = 1024;

async function dial({ options, identity, enter, stop }: Dial): Promise<Ending> {
  enter('dialing');
  const url = `${identity.spaceUrl.replace(/^http/, 'ws')}${AGENT_CONNECT_PATH}`;
  const socket = new WebSocket(url, AGENT_SUBPROTOCOL, {
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
    maxFragments: MAX_FRAGMENTS,
    maxBufferedChunks: MAX_BUFFERED_CHUNKS,
    maxRedirects: 0,
    followRedirects: false,
    handshakeTimeout: DIAL_TIMEOUT_MS,
  });
  return runConversation({ socket, identity, enter, stop, ...options });
}

function tellHealth(health: Health, state: LinkState, reason: string | undefined): void {
  if (state === 'rejected') {
    health.clear('space_unreachable');
    health.raise({
      code: 'link_rejected',
      level: 'error',
      message: `Olares Space turned this machine away: ${reason ?? 'no reason given'}`,
      hint: 'pair again: olares-backup login --space URL --code CODE',
    });
    return;
  }
  if (state === 'backing-off') {
    health.clear('link_rejected');
    health.raise({
      code: 'space_unreachable',
      level: 'warning',
      message: `No connection to Olares Space: ${reason ?? 'the connection was cut'}. It is tried again by itself.`,
    });
  }
  if (state === 'live' || state === 'unpaired' || state === 'http-only') {
    health.clear('space_unreachable');
    health.clear('link_rejected');
  }
}
