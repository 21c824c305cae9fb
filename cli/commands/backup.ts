import type { Command } from 'commander';
import { finishJob } from '../finish-job.ts';
import type { OpenSession } from '../session.ts';
import { resolvePlan } from '../resolve-plan.ts';
import { watchJob } from '../watch-job.ts';

export function registerBackup(program: Command, open: OpenSession): void {
  program
    .command('backup')
    .summary('take a snapshot now')
    .description(
      'Takes a snapshot of a plan now and shows it until it is done. Ctrl-C asks for a clean stop, twice leaves it running.',
    )
    .argument('[plan]', 'name of the plan; may be left out when there is only one')
    .option('--detach', 'start it and return at once with the id of the job')
    .addHelpText(
      'after',
      '\nExamples:\n  olares-backup backup photos\n  olares-backup backup photos --detach\n\nExit code 3: a snapshot exists, but some files could not be read.',
    )
    .action(async (name: string | undefined, options: { detach?: boolean }, command: Command) => {
      const session = open(command);
      const plan = await resolvePlan(session, name);
      const job = await session.api.call('backupPlan', { params: { plan } });
      if (!options.detach) return finishJob(session, await watchJob(session, job.id, 'cancel'));
      session.print.result(job, () => [job.id]);
      session.print.note(`watch it with: olares-backup job watch ${job.id}`);
    });
}
