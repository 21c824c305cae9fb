import * as Type from 'typebox';
import { Look, NewLook, TakeOver } from '../model/look.ts';
import { Plan } from '../model/plan.ts';
import { closed, Uuid } from '../schema.ts';
import { byPlan, SecretChannel } from './inputs.ts';
import { route } from './route.ts';

const byLook = closed({ look: Uuid });

/** After a disaster: repositories without a plan, and whether a password is still known. */
export const recoveryRoutes = {
  createLook: route({
    method: 'POST',
    path: '/looks',
    permission: 'admin',
    summary: 'Look into a repository with its password; nothing is written',
    body: NewLook,
    status: 202,
    response: Type.Object({ id: Uuid, channel: SecretChannel }),
  }),
  getLook: route({
    method: 'GET',
    path: '/looks/:look',
    permission: 'admin',
    summary: 'What was found in a repository',
    params: byLook,
    status: 200,
    response: Look,
  }),
  adoptLook: route({
    method: 'POST',
    path: '/looks/:look/adopt',
    permission: 'admin',
    summary: 'Make the lost plan anew; it goes on once it is armed with mode adopt',
    params: byLook,
    body: TakeOver,
    status: 201,
    response: Plan,
  }),
  provePassword: route({
    method: 'POST',
    path: '/plans/:plan/prove',
    permission: 'admin',
    summary: 'See whether the password of a plan is still known; offline, in a second',
    params: byPlan,
    status: 202,
    response: SecretChannel,
  }),
} as const;
