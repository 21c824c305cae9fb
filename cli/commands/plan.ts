import type { Command } from 'commander';
import { cleanText } from '../../contract/index.ts';
import { planColumns, planLines } from '../output/plan-lines.ts';
import { stepLines } from '../output/step-lines.ts';
import { requireConsent } from '../prompts/consent.ts';
import type { OpenSession } from '../session.ts';
import { resolvePlan } from '../resolve-plan.ts';

/** Everything about plans that asks for no password. */
export function registerPlan(program: Command, open: OpenSession): Command {
  const plan = program
    .command('plan')
    .description('add, show and change plans: what is saved, when and where');
  plan
    .command('list')
    .alias('ls')
    .description('list the plans')
    .action(async (_options: object, command: Command) => {
      const { api, print, runtime } = open(command);
      const plans = await api.call('listPlans');
      print.result(plans, () =>
        plans.length > 0
          ? print.table(plans, planColumns({ style: print.style, now: runtime.now() }))
          : ['No plan yet. Add one: olares-backup plan add NAME --path DIR'],
      );
    });
  plan
    .command('show')
    .description('show everything about a plan')
    .argument('[name]', 'name of the plan')
    .action(async (name: string | undefined, _options: object, command: Command) => {
      const session = open(command);
      const found = await session.api.call('getPlan', { params: { plan: await resolvePlan(session, name) } });
      session.print.result(found, () => planLines(found, session.print, session.runtime.now()));
    });
  registerTest(plan, open);
  registerSwitches(plan, open);
  registerRemove(plan, open);
  return plan;
}

function registerTest(plan: Command, open: OpenSession): void {
  plan
    .command('test')
    .description('connect to the location of a plan and see whether it can be used')
    .argument('[name]', 'name of the plan')
    .action(async (name: string | undefined, _options: object, command: Command) => {
      const session = open(command);
      const test = await session.api.call('testPlan', { params: { plan: await resolvePlan(session, name) } });
      session.print.result(test, () => test.steps.flatMap((step) => stepLines(session.print.style, step)));
      if (test.failure) session.endWith(test.failure.code);
    });
}

function registerSwitches(plan: Command, open: OpenSession): void {
  const switches = [
    { verb: 'pause', route: 'pausePlan', done: 'is paused; it still runs by hand' },
    { verb: 'resume', route: 'resumePlan', done: 'runs by its schedule again' },
  ] as const;
  for (const { verb, route, done } of switches) {
    plan
      .command(verb)
      .description(verb === 'pause' ? 'stop the scheduled runs' : 'go on with the scheduled runs')
      .argument('<name>', 'name of the plan')
      .action(async (name: string, _options: object, command: Command) => {
        const { api, print } = open(command);
        const changed = await api.call(route, { params: { plan: name } });
        print.result(changed, () => [`${cleanText(changed.name)} ${done}.`]);
      });
  }
}

function registerRemove(plan: Command, open: OpenSession): void {
  plan
    .command('remove')
    .alias('rm')
    .description('remove a plan; its snapshots stay where they are')
    .argument('<name>', 'name of the plan')
    .action(async (name: string, _options: object, command: Command) => {
      const session = open(command);
      const found = await session.api.call('getPlan', { params: { plan: name } });
      await requireConsent(session, {
        message: `Remove the plan ${cleanText(found.name)}? Nothing is saved by it any more; its snapshots stay.`,
        untouched: 'the plan is as it was',
      });
      const removed = await session.api.call('removePlan', { params: { plan: found.id } });
      session.print.result(removed, () => [
        `Removed ${cleanText(removed.name)}. Its snapshots are still in ${cleanText(removed.repository?.address ?? 'no repository', 4096)}.`,
      ]);
    });
}
