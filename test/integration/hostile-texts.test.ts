import { expect, test, describe } from 'vitest';
import { pino } from 'pino';
import type { AgentEvent } from '../../contract/index.ts';
import { eventually } from '../harness/eventually.ts';
import { temporaryDir } from '../harness/temporary-dir.ts';
import { HostileSpace } from './hostile-space.fixture.ts';
import { startTestAgent, type TestAgent } from './space-link.fixture.ts';

/** Control characters of both kinds, and those that turn the direction of reading. */
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const CORPUS = [
  '\u001b]0;owned\u0007',
  '\u001b[2J\u001b[1;1H',
  '\u001b[31mred',
  '\u001bP$q"p\u001b\\',
  '\u009b31m',
  '\u009d0;owned\u009c',
  'a\rb',
  'a\nb',
  'a\tb\bc',
  'a\u0000b',
  'a\u007fb',
  '\u202egnp.exe',
  '\u2066isolated\u2069',
  '\u200fright',
  '<script>alert(1)</script>\u001b[0m',
];
const EVIL = CORPUS.join(' ');

/** All that the part keeps or shows of what Space said: events, conditions, the account, the link. */
function shownBy({ store, health, part }: TestAgent): string[] {
  const events: AgentEvent[] = store.events.after(0, 10_000);
  return textsIn([events, health.list(), part.account.current() ?? null, part.account.link()]);
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...textsIn(inner)]);
}

const dangerous = (texts: readonly string[]): string[] => texts.filter((text) => DANGEROUS.test(text));

describe('nothing dangerous that Space may say is kept or shown', () => {
  async function paired(
    act: (both: { space: HostileSpace; agent: TestAgent }) => Promise<void>,
  ): Promise<string[]> {
    using dir = temporaryDir('texts');
    await using space = await HostileSpace.start();
    await using agent = startTestAgent(dir.path);
    await agent.part.account.login({ spaceUrl: space.url, code: 'ANY-CODE' });
    await eventually(() => agent.part.account.link().state === 'live', 'a live link');
    await act({ space, agent });
    return dangerous(shownBy(agent));
  }

  test('in a notice', async () => {
    const shown = await paired(async ({ space, agent }) => {
      space.command(space.payload({ kind: 'notice', params: { text: EVIL } }));
      await eventually(
        () => JSON.stringify(agent.store.events.after(0, 1000)).includes('owned'),
        'the notice',
      );
    });
    expect(shown).toEqual([]);
  });

  test('in the code and reason of a rejection', async () => {
    const shown = await paired(async ({ space, agent }) => {
      space.send({ type: 'reject', code: '\u001b[31mx\u202e', reason: EVIL });
      await eventually(() => agent.part.account.link().state === 'rejected', 'the rejection');
      expect(agent.health.list().map(({ code }) => code)).toContain('link_rejected');
    });
    expect(shown).toEqual([]);
  });

  test('in the reason of a close', async () => {
    const shown = await paired(async ({ space, agent }) => {
      space.end(4000, '\u001b]0;owned\u0007\u202e\u009b1m');
      await eventually(
        () => agent.store.events.after(0, 1000).some((event) => JSON.stringify(event).includes('owned')),
        'the reason',
      );
    });
    expect(shown).toEqual([]);
  });

  test.each([
    ['a message', { code: 418, message: EVIL }],
    ['a value of the storage keys', { code: 200, data: sts({ region: EVIL }) }],
    ['an endpoint', { code: 200, data: sts({ endpoint: `https://${EVIL}` }) }],
  ])('in %s of an answer', async (_name, body) => {
    const shown = await paired(async ({ space, agent }) => {
      space.answer = { body: JSON.stringify(body) };
      const failure = await agent.part.storage.credentials().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failure).toMatchObject({ name: 'AppError' });
      expect(
        dangerous(textsIn([String((failure as Error).message), String((failure as { hint?: string }).hint)])),
      ).toEqual([]);
    });
    expect(shown).toEqual([]);
  });

  test.each(['userid', 'olaresName', 'clusterId', 'storageHost', 'deviceId', 'token'])(
    'in the %s of a pairing, which is then refused',
    async (field) => {
      using dir = temporaryDir('texts');
      await using space = await HostileSpace.start();
      space.pairing = { [field]: EVIL };
      await using agent = startTestAgent(dir.path);
      const failure = await agent.part.account.login({ spaceUrl: space.url, code: 'ANY-CODE' }).then(
        () => undefined,
        (error: unknown) => error as Error,
      );
      expect(failure).toMatchObject({ name: 'AppError' });
      expect(dangerous([String(failure?.message), ...shownBy(agent)])).toEqual([]);
      expect(agent.part.account.current()).toBeUndefined();
    },
  );
});

test('a log line holds no character that could drive the terminal it is read on', () => {
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line.trimEnd()) });
  log.warn({ why: '\u001b[2J', text: 'a\nb\u0000' }, 'a command of Space was refused');
  expect(lines).toHaveLength(1);
  expect(/[\u0000-\u001f]/.test(lines[0] ?? '')).toBe(false);
});

function sts(change: object): object {
  return {
    cloud: 'aws',
    bucket: 'bucket',
    prefix: 'did:key:z6Mk-a1',
    region: 'us-east-1',
    ak: 'AKIA',
    sk: 'secret',
    st: 'token',
    expiration: 1,
    ...change,
  };
}
