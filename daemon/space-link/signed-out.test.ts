import { expect, it } from 'vitest';
import type { Account, Plan } from '../../contract/index.ts';
import { createSignedOutCheck } from './signed-out.ts';

it('tells of each armed plan at Space while nobody is signed in', () => {
  const plan = (id: string, state: Plan['state'], kind: string) =>
    ({ id, name: id, state, location: { kind } }) as Plan;
  const list = [
    plan('photos', 'armed', 'space'),
    plan('paused', 'paused', 'space'),
    plan('own', 'armed', 'directory'),
  ];
  const raised = new Map<string, string>();
  let account: Account | undefined = undefined;
  const check = createSignedOutCheck({
    plans: { list: () => list },
    account: { current: () => account },
    health: {
      raise: ({ planId = '', message }) => void raised.set(planId, message),
      clear: (_code, planId = '') => void raised.delete(planId),
    },
  });
  check();
  expect([...raised.keys()]).toEqual(['photos']);
  expect(raised.get('photos')).toContain('nobody is signed in');
  account = {} as Account;
  check();
  expect(raised.size).toBe(0);
});
