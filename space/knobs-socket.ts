import { rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import fastify from 'fastify';
import { Type, type Static } from 'typebox';
import { closed, parser } from '../contract/schema.ts';
import type { FaultRule, SpaceFaults } from './faults.ts';
import type { SpaceServer } from './server.ts';

const ACTIONS = ['delay', 'hold', 'drop', 'duplicate', 'reject', 'expire', 'close', 'corrupt'] as const;
const Rule = closed({
  on: Type.String({ pattern: '^(call|answer|in|out):([A-Za-z]+|\\*)$' }),
  action: Type.Object({ do: Type.Union(ACTIONS.map((action) => Type.Literal(action))) }),
  times: Type.Optional(Type.Integer({ minimum: 1 })),
  after: Type.Optional(Type.Integer({ minimum: 0 })),
});
const Raw = closed({ deviceId: Type.String(), text: Type.String() });
const Seen = closed({ at: Type.String() });

const parseBody = <S extends typeof Rule | typeof Raw | typeof Seen>(schema: S, body: unknown): Static<S> =>
  parser(schema).parse(body, 'request');

/**
 * The knobs of a Space that runs as a program, on `<data>/run/knobs.sock`, for its owner alone:
 * POST /faults (a rule) · DELETE /faults (ends all) · GET /received?at=POINT · POST /frames {deviceId, text}.
 * @returns what closes it
 */
export async function openKnobsSocket(
  space: SpaceServer,
  faults: SpaceFaults,
  dataDir: string,
): Promise<() => Promise<void>> {
  const app = fastify();
  app.post('/faults', async ({ body }) => {
    faults.add(parseBody(Rule, body) as FaultRule);
    return {};
  });
  app.delete('/faults', async () => {
    faults.clear();
    return {};
  });
  app.get('/received', async ({ query }) => faults.received(parseBody(Seen, query).at));
  app.post('/frames', async ({ body }) => {
    const { deviceId, text } = parseBody(Raw, body);
    return { sent: space.hub.sendRaw(deviceId, text) };
  });
  const path = join(dataDir, 'run', 'knobs.sock');
  // Left by a killed process; the lock on the directory says that no other one lives.
  rmSync(path, { force: true });
  await app.listen({ path });
  await chmod(path, 0o600);
  return () => app.close();
}
