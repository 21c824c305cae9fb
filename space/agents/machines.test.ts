import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Agent, pairMachine, type Machine } from '../testing/agent.ts';
import { startTestSpace, type TestSpace } from '../testing/fixture.ts';

let fixture: TestSpace;
beforeEach(async () => {
  fixture = await startTestSpace();
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});

const PLAN = '0b0e6c1e-0000-4000-8000-000000000001';
const ask = async (path: string, { paired: { userid, token } }: Machine) =>
  await fixture.call(`/v1/agent/${path}`, { userid, token });

/** A machine on the line that told of a plan. */
async function online(machine: Machine): Promise<Agent> {
  const agent = new Agent(fixture.space.url);
  await agent.hello(machine);
  await agent.next('welcome');
  agent.send({ type: 'event', seq: 1, at: 1, kind: 'plan.changed', body: { plan: { id: PLAN, name: 'x' } } });
  await agent.next('ack');
  return agent;
}

describe('the machines of an account', () => {
  it('are told to each other, with what they run and whether they are there', async () => {
    const mine = await pairMachine(fixture);
    const other = await pairMachine(fixture);
    expect((await ask('machines', mine)).data).toEqual({
      machines: [{ machine: 'box', online: false, plans: [] }],
    });
    const agent = await online(other);
    expect((await ask('machines', mine)).data).toEqual({
      machines: [{ machine: 'box', online: true, plans: [PLAN] }],
    });
    agent.send({ type: 'event', seq: 2, at: 2, kind: 'plan.removed', body: { planId: PLAN } });
    await agent.next('ack');
    expect((await ask('machines', mine)).data).toMatchObject({ machines: [{ plans: [] }] });
    agent.socket.terminate();
  });

  it('are not told to another account, nor without its token', async () => {
    const mine = await pairMachine(fixture);
    const stranger = await pairMachine(fixture, fixture.space.createPairingCode('bob@olares.com').code);
    expect((await ask('machines', stranger)).data).toEqual({ machines: [] });
    const { userid } = mine.paired;
    const { token } = stranger.paired;
    expect((await fixture.call('/v1/agent/machines', { userid, token })).code).toBe(506);
    expect((await fixture.call('/v1/agent/leave', { userid, token })).code).toBe(506);
    expect((await ask('machines', mine)).code).toBe(200);
  });

  it('leave: their link, their token and their entry end at once', async () => {
    const mine = await pairMachine(fixture);
    const other = await pairMachine(fixture);
    const agent = await online(other);
    expect((await ask('leave', other)).code).toBe(200);
    expect(await agent.next('reject')).toMatchObject({ code: 'revoked' });
    expect((await ask('machines', other)).code).toBe(506);
    expect((await ask('machines', mine)).data).toEqual({ machines: [] });
  });
});
