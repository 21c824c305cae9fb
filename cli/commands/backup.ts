import type { Command } from 'commander';
import {
  cleanText,
  ESTIMATE_DOUBT,
  isEndedByEstimate,
  type BackupWish,
  type Job,
} from '../../contract/index.ts';
import { finishJob } from '../finish-job.ts';
import type { OpenSession, Session } from '../session.ts';
import { resolvePlan } from '../resolve-plan.ts';
import { watchJob } from '../watch-job.ts';

interface BackupOptions {
  readonly detach?: boolean;
  readonly ignoreEstimate?: boolean;
}

export function registerBackup(program: Command, open: OpenSession): void {
  program
    .command('backup')
    .summary('take a snapshot now')
    .description(
      'Takes a snapshot of a plan now and shows it until it is done. Ctrl-C asks for a clean stop, twice leaves it running.',
    )
    .argument('[plan]', 'name of the plan; may be left out when there is only one')
    .option('--detach', 'start it and return at once with the id of the job')
    .option('--ignore-estimate', 'start even if it will probably not fit; it ends by itself at the limit')
    .addHelpText(
      'after',
      '\nExamples:\n  olares-backup backup photos\n  olares-backup backup photos --detach\n\nExit code 3: a snapshot exists, but some files could not be read.',
    )
    .action(async (name: string | undefined, options: BackupOptions, command: Command) => {
      const session = open(command);
      const plan = await resolvePlan(session, name);
      const { ignoreEstimate = false } = options;
      const start = (query: BackupWish) => session.api.call('backupPlan', { params: { plan }, query });
      const job = await start({ ignoreEstimate });
      if (!options.detach) {
        const ended = await watchJob(session, job.id, 'cancel');
        if (!isEndedByEstimate(ended) || !(await isWantedAnyway(session, ended)))
          return finishJob(session, ended);
        const { id } = await start({ ignoreEstimate: true });
        return finishJob(session, await watchJob(session, id, 'cancel'));
      }
      session.print.result(job, () => [job.id]);
      session.print.note(`watch it with: olares-backup job watch ${job.id}`);
    });
}

/** Asked at a terminal only, since a script says it by the option. */
async function isWantedAnyway(session: Session, { error }: Job): Promise<boolean> {
  if (!session.interactive) return false;
  session.print.warn(cleanText(error?.message ?? '', 1000));
  session.print.note(ESTIMATE_DOUBT);
  if (session.yes) return true;
  const { askConfirm } = await import('../prompts/prompts.ts');
  return askConfirm('Start it all the same?');
}
