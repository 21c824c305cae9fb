import { describe, expect, it, vi } from 'vitest';
import type { HelperProcess } from './engine.ts';
import { createSpares } from './spares.ts';

function launcher() {
  const launched: (HelperProcess & { end(): void; kill: ReturnType<typeof vi.fn> })[] = [];
  const launch = (program: string) => {
    let end = () => {};
    const ended = new Promise<{ code: number | null; stderrTail: string }>((resolve) => {
      end = () => resolve({ code: 1, stderrTail: program });
    });
    const lines = (async function* () {})();
    const helper = { lines, send: () => {}, kill: vi.fn(), ended, end };
    launched.push(helper);
    return helper;
  };
  return { launch, launched };
}

describe('a helper started ahead', () => {
  it('is the one the next run of its program takes, once', () => {
    const { launch, launched } = launcher();
    const spares = createSpares({ launch });
    spares.prepare('engine');
    spares.prepare('engine');
    expect(launched).toHaveLength(1);
    expect(spares.take('restore')).toBe(launched[1]);
    expect(spares.take('engine')).toBe(launched[0]);
    expect(spares.take('engine')).toBe(launched[2]);
    spares.close();
    expect(launched[0]?.kill).not.toHaveBeenCalled();
  });

  it('ends when nobody takes it, and when the engine closes', async () => {
    const { launch, launched } = launcher();
    const spares = createSpares({ launch }, 1);
    spares.prepare('engine');
    await vi.waitUntil(() => launched[0]?.kill.mock.calls.length === 1);
    const others = createSpares({ launch });
    others.prepare('engine');
    others.close();
    expect(launched[1]?.kill).toHaveBeenCalledOnce();
    expect(others.take('engine')).toBe(launched[2]);
  });

  it('that ended by itself is not handed out', async () => {
    const { launch, launched } = launcher();
    const spares = createSpares({ launch });
    spares.prepare('engine');
    launched[0]?.end();
    await launched[0]?.ended;
    expect(spares.take('engine')).toBe(launched[1]);
  });
});
