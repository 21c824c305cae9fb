import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { timeLimit } from './time-limit.ts';

describe('a limit of time', () => {
  it('aborts when the time is over', async () => {
    using limit = timeLimit(1);
    await pause(20);
    expect(limit.signal.aborted).toBe(true);
    expect(limit.isOver).toBe(true);
  });

  it.each(['before', 'after'])('aborts with a signal that was given, aborted %s', (when) => {
    const other = new AbortController();
    if (when === 'before') other.abort('because');
    using limit = timeLimit(60_000, undefined, other.signal);
    if (when === 'after') other.abort('because');
    expect(limit.signal.reason).toBe('because');
    expect(limit.isOver).toBe(false);
  });

  it('is nothing any more once it was disposed of', async () => {
    const other = new AbortController();
    const limit = timeLimit(1, other.signal);
    limit[Symbol.dispose]();
    other.abort();
    await pause(20);
    expect(limit.signal.aborted).toBe(false);
  });
});
