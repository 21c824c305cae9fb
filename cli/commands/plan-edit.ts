import type { Command } from 'commander';
import { AppError, type PlanChange } from '../../contract/index.ts';
import { parseHostKey } from '../location-check.ts';
import { planLines } from '../output/plan-lines.ts';
import { parseSourcePaths } from '../parse/paths.ts';
import { parseLimits } from '../parse/limits.ts';
import { parseQuotaPolicy } from '../parse/quota-policy.ts';
import { parseSchedule } from '../parse/schedule.ts';
import type { OpenSession, Session } from '../session.ts';
import { addPlanOptions, addQuotaOption, parseZone, type PlanOptions } from './plan-options.ts';

interface EditOptions extends PlanOptions {
  readonly name?: string;
  readonly hostKey?: string[];
}

export function registerPlanEdit(plan: Command, open: OpenSession): void {
  const edit = plan
    .command('edit')
    .summary('change a plan')
    .description('Changes what a plan saves and when. A list that you give replaces the old one.')
    .argument('<name>', 'name of the plan')
    .option('--name <name>', 'a new name')
    .option('--host-key <key...>', 'public key of an SSH host that was set up anew');
  addQuotaOption(addPlanOptions(edit))
    .addHelpText(
      'after',
      '\nExample:\n  olares-backup plan edit photos --schedule weekly --on sunday --at 04:00',
    )
    .action(async (name: string, options: EditOptions, command: Command) => {
      const session = open(command);
      const changed = await session.api.call('changePlan', {
        params: { plan: name },
        body: changes(session, options),
      });
      session.print.result(changed, () => planLines(changed, session.print, session.runtime.now()));
    });
}

function changes(session: Session, options: EditOptions): PlanChange {
  const sources = options.path ? parseSourcePaths(options.path, session.runtime.cwd) : undefined;
  sources?.warnings.forEach((warning) => session.print.warn(warning));
  const all = {
    name: options.name,
    paths: sources ? [...sources.paths] : undefined,
    excludes: options.exclude,
    schedule: parseSchedule(options),
    zone: parseZone(options.timezone),
    limits: parseLimits(options),
    quotaPolicy: parseQuotaPolicy(options.quotaPolicy),
    hostKeys: options.hostKey?.map(parseHostKey),
  };
  const given = Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined),
  ) as PlanChange;
  if (Object.keys(given).length > 0) return given;
  throw new AppError('invalid_input', 'nothing to change was given', {
    hint: 'give at least one of --name, --path, --exclude, --schedule, --at, --on, --timezone, --limit-upload, --limit-download, --quota-policy',
  });
}
