import type { Command } from 'commander';
import { JOB_STATES, type Job, type JobState } from '../../contract/index.ts';
import { finishJob } from '../finish-job.ts';
import { formatDuration, formatMoment, formatRelative } from '../output/format.ts';
import { jobResultLines, jobTitle } from '../output/job-lines.ts';
import type { Printer } from '../output/printer.ts';
import { describeProgress } from '../output/progress.ts';
import type { OpenSession } from '../session.ts';
import { watchJob } from '../watch-job.ts';
import { choiceOption, wholeNumber } from '../parse/option-values.ts';

interface ListOptions {
  readonly plan?: string;
  readonly state?: JobState;
  readonly active?: boolean;
  readonly limit: number;
}

export function registerJob(program: Command, open: OpenSession): void {
  const job = program.command('job').description('show and stop the work of the agent');
  registerList(job, open);
  job
    .command('show')
    .description('show one job')
    .argument('<id>', 'id of the job, or the beginning of it')
    .action(async (id: string, _options: object, command: Command) => {
      const { api, print, runtime } = open(command);
      const found = await api.call('getJob', { params: { job: id } });
      print.result(found, () => jobLines(found, print, runtime.now()));
    });
  job
    .command('watch')
    .description('show a running job until it ends; Ctrl-C leaves it running')
    .argument('<id>', 'id of the job, or the beginning of it')
    .action(async (id: string, _options: object, command: Command) => {
      const session = open(command);
      finishJob(session, await watchJob(session, id, 'leave'));
    });
  job
    .command('cancel')
    .description('ask a job to stop cleanly')
    .argument('<id>', 'id of the job, or the beginning of it')
    .action(async (id: string, _options: object, command: Command) => {
      const { api, print } = open(command);
      const found = await api.call('cancelJob', { params: { job: id } });
      print.result(found, () => [`The ${jobTitle(found)} is ${found.state}.`]);
    });
}

function registerList(job: Command, open: OpenSession): void {
  job
    .command('list')
    .alias('ls')
    .description('list jobs, the newest first')
    .option('--plan <name>', 'only those of this plan')
    .addOption(choiceOption('--state <state>', 'only those in this state', JOB_STATES))
    .option('--active', 'only those that have not ended')
    .option('--limit <n>', 'at most so many', wholeNumber('--limit', 1, 1000), 20)
    .action(async (options: ListOptions, command: Command) => {
      const { api, print, runtime } = open(command);
      const jobs = await api.call('listJobs', { query: { ...options } });
      print.result(jobs, () => (jobs.length > 0 ? jobTable(jobs, print, runtime.now()) : ['No job yet.']));
    });
}

function jobTable(jobs: readonly Job[], print: Printer, now: number): string[] {
  return print.table(jobs, [
    { title: 'JOB', cell: ({ id }) => id.slice(0, 8), paint: print.style.bold },
    { title: 'KIND', cell: ({ kind }) => kind },
    { title: 'PLAN', cell: ({ planName }) => planName ?? '—', shrinks: true },
    {
      title: 'STATE',
      cell: ({ state }) => state,
      paint: (text, { state }) => paintState(print, state)(text),
    },
    { title: 'BEGUN', cell: ({ startedAt, createdAt }) => formatRelative(startedAt ?? createdAt, now) },
    { title: 'TOOK', cell: tookText, align: 'right' },
    { title: 'WHY', cell: ({ reason, error }) => error?.message ?? reason ?? '', shrinks: true },
  ]);
}

function paintState({ style }: Printer, state: string): (text: string) => string {
  if (state === 'failed') return style.bad;
  return state === 'succeeded' ? style.good : style.warn;
}

function tookText({ startedAt, endedAt }: Job): string {
  return startedAt === undefined || endedAt === undefined ? '' : formatDuration(endedAt - startedAt);
}

function jobLines(job: Job, print: Printer, now: number): string[] {
  const moment = (at: number | undefined) => (at === undefined ? undefined : formatMoment(at, now));
  return [
    ...print.fields([
      ['Job', job.id],
      ['Kind', job.kind],
      ['Plan', job.planName],
      ['Asked by', job.cause],
      ['State', `${job.state}${job.attempt > 1 ? `, try ${job.attempt}` : ''}`],
      ['Why', job.reason],
      ['Created', moment(job.createdAt)],
      ['Started', moment(job.startedAt)],
      ['Not before', moment(job.notBeforeAt)],
      ['Ended', moment(job.endedAt)],
      ['Progress', job.progress ? describeProgress(job.progress) : undefined],
      ['Error', job.error?.message],
      ['Way out', job.error?.hint],
    ]),
    ...(job.result ? ['', ...jobResultLines(job, { style: print.style, now })] : []),
  ];
}
