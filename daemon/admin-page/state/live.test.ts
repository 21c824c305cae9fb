import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError, type Status } from '../../../contract/index.ts';
import { connectLive, type LiveEvents, type LiveOptions } from './live.ts';

/** The browser's side of a stream, played by the test. */
class PlayedStream implements LiveEvents {
  readonly path: string;
  isOpen = true;
  readonly #listeners = new Map<string, (message: MessageEvent<string>) => void>();

  constructor(path: string) {
    this.path = path;
  }
  addEventListener(type: string, listener: (message: MessageEvent<string>) => void) {
    this.#listeners.set(type, listener);
  }
  close() {
    this.isOpen = false;
  }
  play(type: string, data: unknown = '') {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    this.#listeners.get(type)?.({ data: text } as MessageEvent<string>);
  }
}

const statusAt = (eventSeq: number) => ({ eventSeq }) as Status;
const notice = (seq: number) => ({ seq, at: 1, kind: 'notice', body: { text: 'x' } });

function setUp(loadStatus: () => Promise<Status>) {
  const streams: PlayedStream[] = [];
  const seen: number[] = [];
  const connections: string[] = [];
  const calls = { signedOut: 0, reset: 0 };
  const options: LiveOptions = {
    openEvents(path) {
      const stream = new PlayedStream(path);
      streams.push(stream);
      return stream;
    },
    loadStatus,
    onStatus: () => undefined,
    onEvent: ({ seq }) => seen.push(seq),
    onProgress: () => undefined,
    onConnection: (connection) => connections.push(connection),
    onSignedOut: () => (calls.signedOut += 1),
    onReset: () => (calls.reset += 1),
  };
  return { live: connectLive(options), streams, seen, connections, calls };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

describe('live connection', () => {
  it('listens after the number of the status, and after the last event seen when it was cut', async () => {
    let newest = 41;
    const { live, streams, seen } = setUp(async () => statusAt(newest));
    live.start();
    await settle();
    newest = 43;
    streams[0]?.play('event', notice(42));
    streams[0]?.play('event', notice(42));
    streams[0]?.play('event', notice(41));
    streams[0]?.play('event', 'no json');
    streams[0]?.play('event', { seq: 'x' });
    streams[0]?.play('error');
    await settle(300);
    expect(streams.map(({ path }) => path)).toEqual(['/api/v1/events?after=41', '/api/v1/events?after=42']);
    expect(streams.map(({ isOpen }) => isOpen)).toEqual([false, true]);
    expect(seen).toEqual([42]);
  });

  it('tries again, ever more slowly, and says that it is lost until it is live', async () => {
    let isUp = false;
    let asked = 0;
    const load = async () => {
      asked += 1;
      if (!isUp) throw new AppError('daemon_not_running', 'down');
      return statusAt(1);
    };
    const { live, streams, connections } = setUp(load);
    live.start();
    await settle(300 + 1_000 + 2_000);
    expect(asked).toBe(4);
    isUp = true;
    await settle(4_000);
    streams[0]?.play('open');
    expect(connections.at(-1)).toBe('live');
    expect(new Set(connections.slice(0, -1))).toEqual(new Set(['lost']));
  });

  it('starts over when the numbers went back', async () => {
    let seq = 90;
    const { live, streams, seen, calls } = setUp(async () => statusAt(seq));
    live.start();
    await settle();
    seq = 3;
    streams[0]?.play('error');
    await settle(300);
    streams[1]?.play('event', notice(4));
    expect(streams[1]?.path).toBe('/api/v1/events?after=3');
    expect({ seen, resets: calls.reset }).toEqual({ seen: [4], resets: 1 });
  });

  it('stops asking when there is no session, until it is started again', async () => {
    let asked = 0;
    const load = async () => {
      asked += 1;
      throw new AppError('not_signed_in', 'no session');
    };
    const { live, calls } = setUp(load);
    live.start();
    await settle(60_000);
    expect({ asked, signedOut: calls.signedOut }).toEqual({ asked: 1, signedOut: 1 });
  });

  it('opens no stream when it was stopped while the status was on its way', async () => {
    const { live, streams } = setUp(async () => statusAt(1));
    live.start();
    live.stop();
    await settle(60_000);
    expect(streams).toEqual([]);
  });
});
