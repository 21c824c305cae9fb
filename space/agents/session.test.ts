import { createPublicKey, verify } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Agent, connect, pairMachine, type Machine } from '../testing/agent.ts';
import { startTestSpace, type TestSpace } from '../testing/fixture.ts';

const PLAN = '7b1e0000-0000-4000-8000-000000000001';
const JOB = '7b1e0000-0000-4000-8000-000000000002';

let fixture: TestSpace;
let machine: Machine;
const deviceId = () => machine.paired.deviceId;
const backupNow = () =>
  fixture.space.command({
    deviceId: deviceId(),
    kind: 'backup.now',
    params: { planId: PLAN },
    askedBy: 'test',
  });
const commandOf = (id: string) => fixture.space.state.commands.byId(id);

beforeEach(async () => {
  fixture = await startTestSpace();
  machine = await pairMachine(fixture);
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});

describe('greeting', () => {
  it('welcomes a paired device that signs the challenge', async () => {
    const agent = new Agent(fixture.space.url);
    await agent.hello(machine);
    expect(await agent.next('welcome')).toMatchObject({ protocol: 1, heartbeatSec: 20, ackedSeq: 0 });
    expect(fixture.space.hub.isLive(deviceId())).toBe(true);
    agent.socket.terminate();
  });

  it('takes a signature for another name of this Space once that is allowed', async () => {
    const refused = new Agent(fixture.space.url);
    await refused.hello(machine, {}, 'space.example.com');
    expect(await refused.next('reject')).toMatchObject({ code: 'bad_signature' });
    fixture.space.allowHost('space.example.com');
    const agent = new Agent(fixture.space.url);
    await agent.hello(machine, {}, 'space.example.com');
    await agent.next('welcome');
    agent.socket.terminate();
  });

  it.each([
    ['an unknown device', { device: PLAN }, 'unknown_device'],
    ['a foreign signature', { signature: Buffer.alloc(64).toString('base64') }, 'bad_signature'],
    ['a newer protocol only', { protocol: { min: 2, max: 3 } }, 'protocol'],
  ])('rejects %s by name', async (_name, spoil, code) => {
    const agent = new Agent(fixture.space.url);
    await agent.hello(machine, spoil);
    expect(await agent.next('reject')).toMatchObject({ code });
    expect(await agent.closed).toMatchObject({ code: 4003 });
  });

  it('rejects a revoked device, also one that is connected', async () => {
    const agent = await connect(fixture, machine);
    fixture.space.revoke(deviceId());
    expect(await agent.next('reject')).toMatchObject({ code: 'revoked' });
    await agent.closed;
    const again = new Agent(fixture.space.url);
    await again.hello(machine);
    expect(await again.next('reject')).toMatchObject({ code: 'revoked' });
  });

  it('lets the newer connection of a device replace the older one', async () => {
    const first = await connect(fixture, machine);
    const second = await connect(fixture, machine);
    expect(await first.next('reject')).toMatchObject({ code: 'replaced' });
    expect(await first.closed).toMatchObject({ code: 4009 });
    expect(fixture.space.hub.isLive(deviceId())).toBe(true);
    second.socket.terminate();
  });

  it.each([
    ['another frame', '{"type":"progress","jobId":"7b1e0000-0000-4000-8000-000000000001","body":{}}'],
    ['no JSON', 'hello?'],
    ['unknown fields', '{"type":"hello","sudo":true}'],
  ])('ends a link that begins with %s', async (_name, text) => {
    const agent = new Agent(fixture.space.url);
    await agent.next('challenge');
    agent.send(text);
    expect(await agent.closed).toMatchObject({ code: 4000 });
  });

  it.each([
    ['a browser', { headers: { origin: 'http://127.0.0.1' } }],
    ['another subprotocol', { subprotocol: 'chat' }],
  ])('does not open for %s', async (_name, options) => {
    const agent = new Agent(fixture.space.url, options);
    expect(await agent.closed).toMatchObject({ code: 1006 });
  });
});

describe('commands', () => {
  it('are signed as sent, by the key that was pinned at pairing', async () => {
    const agent = await connect(fixture, machine);
    const { id } = backupNow();
    const frame = await agent.next('command');
    const { current } = machine.paired.commandKeys;
    const der = Buffer.concat([
      Buffer.from('302a300506032b6570032100', 'hex'),
      Buffer.from(current.publicKey, 'base64'),
    ]);
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    const signature = Buffer.from(String(frame['signature']), 'base64');
    expect(frame['keyId']).toBe(current.id);
    expect(verify(null, Buffer.from(String(frame['payload'])), key, signature)).toBe(true);
    expect(JSON.parse(String(frame['payload']))).toMatchObject({
      commandId: id,
      deviceId: deviceId(),
      seq: 1,
      kind: 'backup.now',
    });
    agent.socket.terminate();
  });

  it('wait for the device, over a restart of the Space, and come in order with rising numbers', async () => {
    const ids = [backupNow().id, backupNow().id];
    await fixture.restart();
    ids.push(backupNow().id);
    const agent = await connect(fixture, machine);
    const got = [await agent.nextCommand(), await agent.nextCommand(), await agent.nextCommand()];
    expect(got.map(({ commandId, seq }) => ({ commandId, seq }))).toEqual(
      ids.map((commandId, index) => ({ commandId, seq: index + 1 })),
    );
    agent.socket.terminate();
  });

  it('are sent again, word for word, until the device says that it has them', async () => {
    const { id } = backupNow();
    const first = await connect(fixture, machine);
    const frame = await first.next('command');
    first.socket.terminate();
    const second = await connect(fixture, machine);
    expect(await second.next('command')).toEqual(frame);
    second.send({ type: 'result', commandId: id, status: 'received' });
    await vi.waitFor(() => expect(commandOf(id)?.status).toBe('received'));
    second.socket.terminate();
    const third = await connect(fixture, machine);
    const { id: next } = backupNow();
    expect((await third.nextCommand()).commandId).toBe(next);
    third.socket.terminate();
  });

  it('keep the request code and the final word of the device', async () => {
    const agent = await connect(fixture, machine);
    const { id } = backupNow();
    await agent.next('command');
    agent.send({ type: 'result', commandId: id, status: 'waiting', requestCode: '7F3K' });
    agent.send({ type: 'result', commandId: id, status: 'refused', code: 'conflict' });
    agent.send({ type: 'result', commandId: id, status: 'received' });
    await vi.waitFor(() => expect(fixture.faults.received('in:result')).toHaveLength(3));
    expect(commandOf(id)).toMatchObject({ status: 'refused', code: 'conflict', requestCode: '7F3K' });
    agent.socket.terminate();
  });

  it('expire here when nobody came for them', async () => {
    const { id } = backupNow();
    fixture.advance(24 * 3_600_000 + 1);
    const agent = await connect(fixture, machine);
    const { id: next } = backupNow();
    expect((await agent.nextCommand()).commandId).toBe(next);
    expect(commandOf(id)?.status).toBe('expired');
    agent.socket.terminate();
  });

  it('are answered only by the device they were for', async () => {
    const other = await pairMachine(fixture);
    const { id } = backupNow();
    const agent = await connect(fixture, other);
    agent.send({ type: 'result', commandId: id, status: 'done' });
    agent.event(1, 'notice', { text: 'x' });
    await agent.next('ack');
    expect(commandOf(id)?.status).toBe('queued');
    agent.socket.terminate();
  });

  it('go on being accepted after the next key became the current one, and no further while that is unsafe', async () => {
    const { commandKeys, devices } = fixture.space.state;
    const pinned = () => devices.list().map(({ pinnedKeys }) => pinnedKeys);
    commandKeys.rotate(pinned());
    expect(() => commandKeys.rotate(pinned())).toThrow('1 machines do not know the next key yet');
    backupNow();
    const agent = await connect(fixture, machine);
    expect((await agent.next('command'))['keyId']).toBe(machine.paired.commandKeys.next.id);
    agent.socket.terminate();
  });

  it.each([
    ['a target path', { planId: PLAN, target: '/etc' }],
    ['no plan', {}],
    ['a plan that is no id', { planId: '../x' }],
  ])('cannot carry %s', (_name, params) => {
    const command = { deviceId: deviceId(), kind: 'backup.now' as const, params, askedBy: 'test' };
    expect(() => fixture.space.command(command)).toThrow('command');
    expect(fixture.space.state.commands.unanswered(deviceId())).toEqual([]);
  });
});

describe('events', () => {
  it('with numbers that cannot be stored are left out', async () => {
    const agent = await connect(fixture, machine);
    agent.send('{"type":"event","seq":1e300,"at":1,"kind":"notice","body":{}}');
    agent.send('{"type":"event","seq":1,"at":1e300,"kind":"notice","body":{}}');
    agent.event(1, 'notice', {});
    expect(await agent.next('ack')).toMatchObject({ seq: 1 });
    expect(fixture.space.state.events.list(deviceId())).toHaveLength(1);
    agent.socket.terminate();
  });

  it('are acknowledged each, and kept once however often they come', async () => {
    const agent = await connect(fixture, machine);
    for (const seq of [3, 3, 7, 3]) agent.event(seq, 'notice', { text: `number ${seq}` });
    const acks = [
      await agent.next('ack'),
      await agent.next('ack'),
      await agent.next('ack'),
      await agent.next('ack'),
    ];
    expect(acks.map((ack) => ack['seq'])).toEqual([3, 3, 7, 3]);
    expect(fixture.space.state.events.list(deviceId()).map(({ seq }) => seq)).toEqual([3, 7]);
    agent.socket.terminate();
  });

  it('go on after the newest acknowledged one when the Space was restarted', async () => {
    const agent = await connect(fixture, machine);
    agent.event(5, 'job.state', { job: { id: JOB, state: 'running' } });
    await agent.next('ack');
    await fixture.restart();
    const again = new Agent(fixture.space.url);
    await again.hello(machine);
    expect(await again.next('welcome')).toMatchObject({ ackedSeq: 5 });
    again.socket.terminate();
  });

  it.each([
    [null],
    ['text'],
    [[]],
    [{ id: 7 }],
    [{ id: 'x'.repeat(200) }],
    [{ __proto__: null, id: 'constructor' }],
  ])('with a hostile body %j are kept and shown without harm', async (job) => {
    const agent = await connect(fixture, machine);
    agent.event(1, 'job.state', { job });
    agent.event(2, '__proto__', { job });
    await agent.next('ack');
    expect(await agent.next('ack')).toMatchObject({ seq: 2 });
    agent.socket.terminate();
  });
});
