import type { Command } from 'commander';
import { AppError, cleanText, shellWord, type NewPlan, type Plan } from '../../contract/index.ts';
import { armPlan, collectSecrets, type ArmOptions, type ArmSecrets } from '../arm-plan.ts';
import { checkLocation, failOn, type CheckOptions } from '../location-check.ts';
import { formatMoment } from '../output/format.ts';
import { scheduleText } from '../output/schedule-text.ts';
import { parseLimits } from '../parse/limits.ts';
import { parseLocation, type LocationFlags } from '../parse/location.ts';
import { parseSourcePaths } from '../parse/paths.ts';
import { parseQuotaPolicy } from '../parse/quota-policy.ts';
import { parseSchedule } from '../parse/schedule.ts';
import { addPasswordOptions } from '../password/sources.ts';
import type { OpenSession, Session } from '../session.ts';
import { addLocationOptions } from './location-options.ts';
import { addPlanOptions, addQuotaOption, parseZone, type PlanOptions } from './plan-options.ts';

interface AddOptions extends PlanOptions, ArmOptions, LocationFlags, CheckOptions {
  readonly adopt?: boolean;
}

export function registerPlanAdd(plan: Command, open: OpenSession): void {
  const add = plan
    .command('add')
    .summary('add a plan and set up its repository')
    .description(
      'Adds a plan, asks for its password and sets up its repository. The password is stored nowhere.',
    )
    .argument('<name>', 'name of the plan');
  addQuotaOption(addPlanOptions(add)).option(
    '--location <where>',
    'space, a directory, s3:…, rest:… or sftp:… (default: space)',
  );
  addLocationOptions(add)
    .option('--adopt', 'open an existing repository with its password instead of making one')
    .option('--kit-file <file>', 'write the recovery kit into a new file')
    .option('--allow-weak-password', 'take a weak password; for tests only');
  addPasswordOptions(add)
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, options: AddOptions, command: Command) => {
      const session = open(command);
      const armed = await addPlan(session, name, options);
      session.print.result(armed, () => readyLines(session, armed, options));
    });
}

const EXAMPLES = `
Examples:
  olares-backup plan add photos --path ~/Photos --schedule daily --at 02:00
  olares-backup plan add home --path ~ --exclude '*.tmp' --location /mnt/disk/backups
  olares-backup plan add ci --path /srv --yes --password-file pw --kit-file kit.txt`;

async function addPlan(session: Session, name: string, options: AddOptions): Promise<Plan> {
  const wanted = wantedPlan(session, name, options);
  if (session.interactive && !session.yes) {
    // The daemon looks at name, paths and location before a person has to think of a password.
    const plan = await createOrContinue(session, wanted, options);
    return armPlan(session, plan, await askSecrets(session, plan, options), options);
  }
  requireYes(session);
  const secrets = await collectSecrets(session, options);
  const plan = await createOrContinue(session, wanted, options).catch(async (error: unknown) => {
    await secrets.kit?.discard();
    throw error;
  });
  return armPlan(session, plan, secrets, options);
}

async function askSecrets(session: Session, plan: Plan, options: AddOptions): Promise<ArmSecrets> {
  try {
    return await collectSecrets(session, options);
  } catch (error) {
    session.print.note(
      `The plan ${shellWord(plan.name)} is kept but cannot run yet. Give the same command again to go on, ` +
        `or take it away: olares-backup plan remove ${shellWord(plan.name)}`,
    );
    throw error;
  }
}

function requireYes(session: Session): void {
  if (session.yes) return;
  throw new AppError('invalid_input', 'there is no terminal to show the recovery words at', {
    field: '--yes',
    hint: 'add --yes, a password by --password-file, and --kit-file FILE for the recovery words',
  });
}

function wantedPlan(session: Session, name: string, options: AddOptions): NewPlan {
  if (name.trim() === '')
    throw new AppError('invalid_input', 'the name of the plan is empty', {
      field: 'name',
      hint: 'give it one, for instance: photos',
    });
  if (!options.path) {
    throw new AppError('invalid_input', '--path is missing: what shall be saved?', {
      field: '--path',
      hint: `for instance: olares-backup plan add ${shellWord(name)} --path ~/Documents`,
    });
  }
  refuseAdoptAtSpace(options);
  const { cwd } = session.runtime;
  const { paths, warnings } = parseSourcePaths(options.path, cwd);
  warnings.forEach((warning) => session.print.warn(warning));
  const schedule = parseSchedule(options);
  const zone = parseZone(options.timezone);
  const limits = parseLimits(options);
  const quotaPolicy = parseQuotaPolicy(options.quotaPolicy);
  const location = parseLocation(options, cwd);
  return {
    name,
    paths: [...paths],
    ...(options.exclude === undefined ? {} : { excludes: options.exclude }),
    ...(schedule === undefined ? {} : { schedule }),
    ...(zone === undefined ? {} : { zone }),
    ...(location === undefined ? {} : { location }),
    ...(limits === undefined ? {} : { limits }),
    ...(quotaPolicy === undefined || quotaPolicy === 'settings' ? {} : { quotaPolicy }),
  };
}

/** A new plan has a new place at Space, and there is no way yet to name another one. */
function refuseAdoptAtSpace({ adopt, location = 'space' }: AddOptions): void {
  if (!adopt || location !== 'space') return;
  throw new AppError('invalid_input', '--adopt is for a --location of your own, not for Space', {
    field: '--adopt',
    hint: 'go on with what is at Space by its Backup URL: olares-backup adopt URL',
  });
}

/** A plan of the same name that never got its keys is the same wish, begun before. */
async function createOrContinue(session: Session, wanted: NewPlan, options: AddOptions): Promise<Plan> {
  try {
    return await session.api.call('createPlan', { body: await checkLocation(session, wanted, options) });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'conflict') throw error;
    const existing = await session.api
      .call('getPlan', { params: { plan: wanted.name } })
      .catch(() => undefined);
    if (existing?.state !== 'unarmed' || !isSameLocation(existing, wanted)) throw error;
    session.print.note(`Going on with the plan ${cleanText(existing.name)}, which has no keys yet.`);
    const { location: _location, name: _name, ...changes } = wanted;
    const changed = await session.api.call('changePlan', { params: { plan: existing.id }, body: changes });
    if (!options.adopt)
      failOn(session, await session.api.call('testPlan', { params: { plan: existing.id } }));
    return changed;
  }
}

function isSameLocation({ location }: Plan, wanted: NewPlan): boolean {
  if (wanted.location === undefined) return location.kind === 'space';
  const given = wanted.location as Record<string, unknown>;
  return Object.entries(given).every(([key, value]) => (location as Record<string, unknown>)[key] === value);
}

function readyLines(session: Session, plan: Plan, options: AddOptions): string[] {
  const { style } = session.print;
  const now = session.runtime.now();
  const next = plan.nextDueAt === undefined ? '' : `, next ${formatMoment(plan.nextDueAt, now, plan.zone)}`;
  const hasRecovery = plan.keys.some(({ role }) => role === 'recovery');
  return [
    `${style.good('Ready')}: the plan ${style.bold(cleanText(plan.name))} runs ${scheduleText(plan.schedule)}${next}.`,
    `Repository: ${cleanText(plan.repository?.address ?? '', 4096)}`,
    ...(options.kitFile === undefined
      ? []
      : [`Recovery kit: ${options.kitFile} — move it away from this machine.`]),
    ...(hasRecovery
      ? []
      : [
          `${style.warn('No recovery words')}: a lost password means lost snapshots. Add them: olares-backup key add --recovery ${shellWord(plan.name)}`,
        ]),
    `Take the first snapshot now: olares-backup backup ${shellWord(plan.name)}`,
  ];
}
