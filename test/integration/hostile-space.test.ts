import { randomBytes } from 'node:crypto';
import { expect, test, describe } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { temporaryDir } from '../harness/temporary-dir.ts';
import { HostileSpace } from './hostile-space.fixture.ts';
import { PLAN, startTestAgent, type TestAgent } from './space-link.fixture.ts';

interface Pair extends AsyncDisposable {
  readonly space: HostileSpace;
  readonly agent: TestAgent;
}

async function pair(change: { ackedSeq?: number } = {}): Promise<Pair> {
  const dir = temporaryDir('hostile');
  const space = Object.assign(await HostileSpace.start(), change);
  const agent = startTestAgent(dir.path);
  await agent.part.account.login({ spaceUrl: space.url, code: 'ANY-CODE' });
  await live(agent);
  return {
    space,
    agent,
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]();
      await space[Symbol.asyncDispose]();
      dir[Symbol.dispose]();
    },
  };
}

const live = (agent: TestAgent) =>
  eventually(() => agent.part.account.link().state === 'live', 'a live link');

/** All effects there were, once an honest command after the hostile ones was carried out. */
async function effectsAfterHonest({ space, agent }: Pair): Promise<unknown[][]> {
  await live(agent);
  space.command(space.payload({ seq: 1, kind: 'backup.now', params: { planId: PLAN.id } }));
  await eventually(() => agent.effects.length > 0, 'the honest command');
  return agent.effects;
}

const HONEST = [['backupNow', PLAN.id]];

describe('a command that is not to be trusted has no effect', () => {
  const now = Date.now();
  const effect = { kind: 'backup.now', params: { planId: PLAN.id } } as const;
  test.each<[string, (space: HostileSpace) => void]>([
    ['signed by an unknown key', (space) => space.command(space.payload(effect), { keyId: 'other' })],
    [
      'signed badly',
      (space) => space.command(space.payload(effect), { signature: randomBytes(64).toString('base64') }),
    ],
    [
      'signed by the other pinned key than it names',
      (space) => space.command(space.payload(effect), { key: 'next', keyId: 'current' }),
    ],
    ['for another device', (space) => space.command(space.payload({ ...effect, deviceId: PLAN.id }))],
    [
      'expired',
      (space) =>
        space.command(space.payload({ ...effect, issuedAt: now - 7_200_000, expiresAt: now - 3_600_000 })),
    ],
    [
      'from the future',
      (space) =>
        space.command(space.payload({ ...effect, issuedAt: now + 7_200_000, expiresAt: now + 7_300_000 })),
    ],
    [
      'that lives for a week',
      (space) => space.command(space.payload({ ...effect, expiresAt: now + 7 * 86_400_000 })),
    ],
    [
      'of an unknown kind',
      (space) =>
        space.command(space.payload({ kind: 'shell.run' as never, params: { command: 'id' } as never })),
    ],
    [
      'with a further field',
      (space) =>
        space.command(space.payload({ ...effect, params: { planId: PLAN.id, target: '/etc' } as never })),
    ],
    [
      'with a target path',
      (space) =>
        space.command(
          space.payload({
            kind: 'restore.propose',
            params: { snapshotId: 'ab'.repeat(32), note: '', target: '/' } as never,
          }),
        ),
    ],
    ['that is not JSON', (space) => space.command('{')],
    [
      'with an id that is none',
      (space) => space.command(space.payload({ ...effect, commandId: '../../etc' })),
    ],
    ['with a number of zero', (space) => space.command(space.payload({ ...effect, seq: 0 }))],
  ])('%s', async (_name, attack) => {
    await using both = await pair();
    attack(both.space);
    expect(await effectsAfterHonest(both)).toEqual(HONEST);
  });
});

test('a command by the next pinned key is good: keys change without an update', async () => {
  await using both = await pair();
  both.space.command(both.space.payload({ kind: 'backup.now', params: { planId: PLAN.id } }), {
    key: 'next',
  });
  await eventually(() => both.agent.effects.length === 1, 'the effect');
  expect(both.agent.effects).toEqual(HONEST);
});

test('a replayed command is answered again and has one effect', async () => {
  await using both = await pair();
  const { space, agent } = both;
  const payload = space.payload({ kind: 'backup.now', params: { planId: PLAN.id } });
  for (let i = 0; i < 50; i++) space.command(payload);
  await eventually(() => space.results().length === 50, 'all answers');
  expect(agent.effects).toHaveLength(1);
  expect(new Set(space.results().map(({ status }) => status))).toEqual(new Set(['done']));
});

test('an old number or a known id with another content is refused', async () => {
  await using both = await pair();
  const { space, agent } = both;
  const first = space.payload({ seq: 5, kind: 'backup.now', params: { planId: PLAN.id } });
  space.command(first);
  space.command(space.payload({ seq: 4, kind: 'plan.pause', params: { planId: PLAN.id } }));
  const { commandId } = JSON.parse(first) as { commandId: string };
  space.command(space.payload({ seq: 6, commandId, kind: 'plan.pause', params: { planId: PLAN.id } }));
  await eventually(() => space.results().length === 3, 'all answers');
  expect(space.results().map(({ status, code }) => [status, code])).toEqual([
    ['done', undefined],
    ['refused', 'replayed'],
    ['refused', 'id_used_before'],
  ]);
  expect(agent.effects).toHaveLength(1);
});

describe('a frame that is not of the protocol', () => {
  test.each<[string, (space: HostileSpace) => void]>([
    ['not JSON', (space) => space.raw('hello')],
    ['JSON of nothing', (space) => space.raw('null')],
    ['an unknown type', (space) => space.send({ type: 'exec', command: 'id' })],
    ['binary', (space) => space.raw(randomBytes(100))],
    ['a second welcome', (space) => space.welcome()],
    ['an ack of what was never sent', (space) => space.send({ type: 'ack', seq: 1_000_000 })],
    [
      'a challenge in the middle',
      (space) => space.send({ type: 'challenge', nonce: randomBytes(32).toString('base64') }),
    ],
    ['deep nesting', (space) => space.raw('['.repeat(20_000))],
  ])('is borne: %s', async (_name, attack) => {
    await using both = await pair();
    attack(both.space);
    expect(await effectsAfterHonest(both)).toEqual(HONEST);
  });

  test('that is too big ends the connection, and the agent comes back', async () => {
    await using both = await pair();
    both.space.raw('x'.repeat(70 * 1024));
    await eventually(() => both.space.connections === 2, 'a second connection');
    expect(await effectsAfterHonest(both)).toEqual(HONEST);
  });

  test('a flood of them ends the connection, and the agent comes back', async () => {
    await using both = await pair();
    for (let i = 0; i < 200; i++) both.space.raw('{"type":"nonsense"}');
    await eventually(() => both.space.connections >= 2, 'a second connection');
    expect(await effectsAfterHonest(both)).toEqual(HONEST);
  });
});

describe('an HTTP answer that no Space gives', () => {
  test.each<[string, HostileSpace['answer'], string]>([
    ['500', { status: 500, body: 'oops' }, 'unreachable'],
    ['503 with Retry-After', { status: 503, headers: { 'retry-after': '7' }, body: '' }, 'unreachable'],
    ['an HTML page', { body: '<html>Sign in to the hotel</html>' }, 'unreachable'],
    ['an envelope without code', { body: '{"data":{}}' }, 'unreachable'],
    ['null', { body: 'null' }, 'unreachable'],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' }, 'unreachable'],
    ['an endless body', { body: `{"code":200,"data":"${'x'.repeat(2_000_000)}"}` }, 'unreachable'],
    ['no data', { body: '{"code":200,"data":null}' }, 'unreachable'],
    ['another code', { body: '{"code":418,"message":"\\u001b[31mteapot"}' }, 'refused'],
    ['506', { body: '{"code":506,"message":"login"}' }, 'not_signed_in'],
  ])('%s becomes a typed error in words', async (_name, answer, code) => {
    await using both = await pair();
    both.space.answer = answer;
    const failure = await both.agent.part.storage.credentials().catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'AppError', code });
    expect(String((failure as Error).message)).not.toMatch(/[\u001b<]/);
  });

  test('a refused token raises a condition, and nothing is tried in vain after it', async () => {
    await using both = await pair();
    both.space.answer = { body: '{"code":506}' };
    await both.agent.part.storage.credentials().catch(() => undefined);
    expect(both.agent.health.list().map((condition) => condition.code)).toContain('sign_in_again');
    both.space.answer = { body: '{"code":200,"data":{}}' };
    await expect(both.agent.part.storage.credentials()).rejects.toMatchObject({ code: 'not_signed_in' });
    expect(both.agent.part.account.current()?.state).toBe('sign-in-again');
  });
});

describe('the place in the history', () => {
  const told = ({ space }: Pair): number[] =>
    space.frames.filter(({ type }) => type === 'event').map(({ seq }) => Number(seq));
  const happens = ({ agent }: Pair): number => {
    agent.store.commit((append) =>
      append('plan.removed', { planId: PLAN.id, name: 'photos', location: 'space' }),
    );
    return agent.store.events.newestSeq();
  };

  test('that is after all that happened is not believed', async () => {
    await using both = await pair({ ackedSeq: 1_000_000 });
    const seq = happens(both);
    await eventually(() => told(both).includes(seq), 'the event');
    expect(both.agent.health.list().map(({ code }) => code)).toContain('space_ahead');
  });

  test('begins for another account where it is, and nothing is kept while nobody is signed in', async () => {
    await using both = await pair();
    const { agent, space } = both;
    const before = happens(both);
    await eventually(() => told(both).includes(before), 'the event at the first account');
    await agent.part.account.logout();
    expect(agent.store.cursors.get('space-http')).toBe(0);
    const between = happens(both);
    space.frames.length = 0;
    space.userid = 'did:key:zOther';
    await agent.part.account.login({ spaceUrl: space.url, code: 'ANY-CODE' });
    const after = happens(both);
    await eventually(() => told(both).includes(after), 'the event at the other account');
    expect(Math.min(...told(both))).toBeGreaterThan(between);
    expect(agent.store.cursors.get('space-http')).toBeGreaterThan(between);
  });
});
