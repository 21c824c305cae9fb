import type { Command } from 'commander';
import { finishJob } from '../finish-job.ts';
import type { OpenSession } from '../session.ts';
import { watchJob } from '../watch-job.ts';

export function registerCheck(program: Command, open: OpenSession): void {
  program
    .command('check')
    .summary('check a repository')
    .description('Checks that the repository of a plan is whole. Nothing in it is changed.')
    .argument('<plan>', 'name of the plan')
    .option('--detach', 'start it and return at once with the id of the job')
    .action(async (plan: string, options: { detach?: boolean }, command: Command) => {
      const session = open(command);
      const job = await session.api.call('checkPlan', { params: { plan } });
      if (!options.detach) return finishJob(session, await watchJob(session, job.id, 'cancel'));
      session.print.result(job, () => [job.id]);
      session.print.note(`watch it with: olares-backup job watch ${job.id}`);
    });
}
