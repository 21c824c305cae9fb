import { once } from 'node:events';
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Agent, connect, pairMachine, type Machine } from '../testing/agent.ts';
import { startTestSpace, type TestSpace } from '../testing/fixture.ts';

let fixture: TestSpace;
let machine: Machine;

beforeEach(async () => {
  fixture = await startTestSpace();
  machine = await pairMachine(fixture);
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});

describe('a bad peer', () => {
  it('that floods with nonsense loses its link and nothing else happens', async () => {
    const agent = await connect(fixture, machine);
    const before = process.memoryUsage().rss;
    for (let index = 0; index < 20_000; index += 1)
      agent.socket.send(`{"type":"event","seq":-${index}}`, () => undefined);
    expect(await agent.closed).toMatchObject({ code: 4008 });
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    const again = await connect(fixture, machine);
    again.socket.terminate();
  });

  it.each([
    ['a frame of more than 64 KiB', (agent: Agent) => agent.send(`"${'x'.repeat(65 * 1024)}"`), 1009],
    ['a binary frame', (agent: Agent) => agent.socket.send(Buffer.alloc(8)), 4000],
  ])('that greets with %s is put out', async (_name, act, code) => {
    const agent = new Agent(fixture.space.url);
    await agent.next('challenge');
    act(agent);
    expect(await agent.closed).toMatchObject({ code });
  });
});

describe('a half-open link', () => {
  it('is found by its missing pong', async () => {
    await using timed = await startTestSpace({ timing: { pingMs: 200, pongMs: 100 } });
    const known = await pairMachine(timed);
    const holes: Socket[] = [];
    const proxy = createServer((inner) => {
      const outer = connectTcp(timed.space.port, '127.0.0.1');
      inner.pipe(outer).pipe(inner);
      holes.push(inner, outer);
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    timed.space.allowHost(host);
    const agent = new Agent(`http://${host}`);
    await agent.hello(known);
    await agent.next('welcome');
    for (const socket of holes) socket.unpipe().pause();
    const since = Date.now();
    await vi.waitFor(() => expect(timed.space.hub.isLive(known.paired.deviceId)).toBe(false), {
      timeout: 5_000,
      interval: 20,
    });
    expect(Date.now() - since).toBeLessThan(2_000);
    for (const socket of holes) socket.destroy();
    proxy.close();
  });

  it('that never says hello is ended', async () => {
    await using timed = await startTestSpace({ timing: { helloMs: 100 } });
    const agent = new Agent(timed.space.url);
    expect(await agent.closed).toMatchObject({ code: 4000, reason: 'no hello came' });
  });
});
