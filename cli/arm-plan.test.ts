import { expect, it } from 'vitest';
import { armPlan } from './arm-plan.ts';
import type { Session } from './session.ts';
import { startFakeDaemon } from './test-support/fake-daemon.ts';
import { unarmedPlan } from './test-support/samples.ts';

it('calls no plan ready that the daemon could not write down', async () => {
  await using daemon = await startFakeDaemon();
  const channel = await daemon.secretChannel(() => undefined);
  let now = 0;
  const session = {
    print: { note: () => undefined },
    runtime: { now: () => (now += 10_000) },
    api: { call: (route: string) => Promise.resolve(route === 'armPlan' ? channel : unarmedPlan()) },
  } as unknown as Session;
  const secrets = { password: 'glacier tuba violin orbit', words: undefined, kit: undefined };
  await expect(armPlan(session, unarmedPlan(), secrets, {})).rejects.toMatchObject({
    code: 'failed',
    hint: expect.stringContaining('give the same `plan add` again') as string,
  });
});
