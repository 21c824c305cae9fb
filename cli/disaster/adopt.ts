import {
  AppError,
  cleanText,
  shellWord,
  type Look,
  type Plan,
  type PlanKey,
  type TakeOver,
} from '../../contract/index.ts';
import { armPlan, type ArmSecrets } from '../arm-plan.ts';
import { parseZone, type PlanOptions } from '../commands/plan-options.ts';
import { formatMoment, formatTime } from '../output/format.ts';
import { limitLines } from '../output/plan-lines.ts';
import { scheduleText } from '../output/schedule-text.ts';
import { parseLimits } from '../parse/limits.ts';
import { parseSourcePaths } from '../parse/paths.ts';
import { parseSchedule } from '../parse/schedule.ts';
import { createKitFile } from '../password/kit.ts';
import { showRecoveryWords } from '../password/recovery.ts';
import type { PasswordOptions } from '../password/sources.ts';
import { requireConsent } from '../prompts/consent.ts';
import type { Session } from '../session.ts';
import { lookInto, lookLines } from './look.ts';
import { placeOf, type PlaceOptions } from './place.ts';
import { signIn, type SignInOptions } from './sign-in.ts';

export interface AdoptOptions extends PlanOptions, PlaceOptions, SignInOptions, PasswordOptions {
  readonly name?: string;
  readonly kitFile?: string;
  readonly removeOldKey?: boolean;
  readonly keepOldKey?: boolean;
  readonly look?: boolean;
}

/** A machine that wrote so lately may still be there. */
const RECENT_MS = 2 * 86_400_000;

/** From the address of a repository to a plan that goes on where the lost machine ended. */
export async function adopt(
  session: Session,
  what: string | undefined,
  options: AdoptOptions,
): Promise<void> {
  const place = await placeOf(session, what, options);
  if (!place) throw noPlace(what);
  if (place.atSpace) await signIn(session, options);
  const { look, password } = await lookInto(session, place.look, options);
  [...lookLines(look), ...planLines(look)].forEach((line) => session.print.note(cleanText(line, 4096)));
  if (options.look) return session.print.result(look, () => ['Nothing was changed.']);
  const wish = wishOf(session, options);
  await consent(session, look, wish);
  const plan = await session.api.call('adoptLook', { params: { look: look.id }, body: wish });
  const armed = await armPlan(session, plan, await secretsOf(session, password, options), { adopt: true });
  const removed = await offerRemoval(session, armed, options);
  const result = { plan: armed, removedKeys: removed, missingPaths: look.missingPaths };
  session.print.result(result, () => readyLines(session, { plan: armed, look, removed }));
}

function noPlace(what: string | undefined): AppError {
  return new AppError(
    'invalid_input',
    what === undefined
      ? 'say which repository: a Backup URL, a kit code or an address'
      : `"${cleanText(what, 80)}" names no repository`,
    { field: 'what', hint: 'the recovery kit and the page of Space have it; or give --kit FILE' },
  );
}

function planLines(look: Look): string[] {
  return [...settingsLines(look), ...machineLines(look)];
}

function machineLines({ onlineElsewhere = [], runningElsewhere = [] }: Look): string[] {
  return onlineElsewhere.map((name) =>
    runningElsewhere.includes(name)
      ? `Active      on ${name}, which is online: give it up there first (olares-backup logout)`
      : `Online      ${name}, another machine of this account`,
  );
}

function settingsLines({ settings, missingPaths }: Look): string[] {
  if (!settings) return ['Settings    none in its snapshots: say --path, and --schedule as you want it'];
  const { plan, others, leftOut = [] } = settings;
  return [
    ...plan.paths.map((path, index) => `${index === 0 ? 'Saves       ' : '            '}${path}`),
    ...plan.excludes.map((pattern, index) => `${index === 0 ? 'Except      ' : '            '}${pattern}`),
    `Schedule    ${scheduleText(plan.schedule)}, ${plan.zone}`,
    ...limitLines(plan).map(([label, text]) => `${label.padEnd(11)} ${text}`),
    ...missingPaths.map((path) => `Not here    ${path} (restore it first, or name another with --path)`),
    ...leftOut.map(
      (part) => `Left out    ${part}: too long to travel with the snapshots, or of a newer agent`,
    ),
    ...others.map(({ name, address }) => `Other plan  ${name} at ${address}`),
  ];
}

function wishOf(session: Session, options: AdoptOptions): TakeOver {
  const given = options.path === undefined ? undefined : parseSourcePaths(options.path, session.runtime.cwd);
  given?.warnings.forEach((warning) => session.print.warn(warning));
  const schedule = parseSchedule(options);
  const zone = parseZone(options.timezone);
  const limits = parseLimits(options);
  return {
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(given === undefined ? {} : { paths: [...given.paths] }),
    ...(options.exclude === undefined ? {} : { excludes: options.exclude }),
    ...(schedule === undefined ? {} : { schedule }),
    ...(zone === undefined ? {} : { zone }),
    ...(limits === undefined ? {} : { limits }),
  };
}

async function consent(session: Session, look: Look, wish: TakeOver): Promise<void> {
  const newest = look.snapshots[0]?.takenAt ?? 0;
  const isRecent = session.runtime.now() - newest < RECENT_MS;
  const warning = isRecent
    ? ` Its newest snapshot is of ${formatTime(newest)}: two machines must not run one plan, so be sure that the old one is off.`
    : '';
  await requireConsent(session, {
    message: `Go on with "${cleanText(wish.name ?? look.planName)}" on this machine?${warning}`,
    untouched: 'nothing was changed',
  });
}

/** New words only where a kit is asked for: those of the lost machine's kit still open the repository. */
async function secretsOf(session: Session, password: string, { kitFile }: AdoptOptions): Promise<ArmSecrets> {
  if (kitFile === undefined) return { password, words: undefined, kit: undefined };
  const kit = await createKitFile(session, kitFile);
  try {
    const { randomWords } = await import('../password/words.ts');
    const words = randomWords(session.runtime.randomInt);
    await kit.secure(words);
    if (session.interactive && !session.yes) await showRecoveryWords(session, words);
    return { password, words, kit };
  } catch (error) {
    await kit.discard();
    throw error;
  }
}

/** @returns ids of the keys that were removed */
async function offerRemoval(
  session: Session,
  { name, keys }: Plan,
  { removeOldKey, keepOldKey }: AdoptOptions,
): Promise<string[]> {
  const old = keys.filter(({ otherMachine }) => otherMachine === true);
  if (old.length === 0 || keepOldKey) return [];
  if (!removeOldKey && !(await wantsRemoval(session, old))) return [];
  for (const { id } of old) await session.api.call('removeKey', { params: { plan: name, key: id } });
  return old.map(({ id }) => id);
}

async function wantsRemoval(session: Session, old: readonly PlanKey[]): Promise<boolean> {
  if (!session.interactive || session.yes) return false;
  const { askConfirm } = await import('../prompts/prompts.ts');
  const made = old.map(({ id, createdAt }) => `${id.slice(0, 8)} of ${formatTime(createdAt)}`).join(', ');
  return await askConfirm(
    `Remove the key of the lost machine (${made})? Say yes if its disk may be in other hands.`,
  );
}

function readyLines(
  { print, runtime }: Session,
  { plan, look, removed }: { plan: Plan; look: Look; removed: readonly string[] },
): string[] {
  const { style } = print;
  const left = plan.keys.filter(({ id, otherMachine }) => otherMachine && !removed.includes(id));
  const next =
    plan.nextDueAt === undefined ? '' : `, next ${formatMoment(plan.nextDueAt, runtime.now(), plan.zone)}`;
  const word = shellWord(plan.name);
  return [
    `${style.good('Adopted')}: the plan ${style.bold(cleanText(plan.name))} goes on here, ${scheduleText(plan.schedule)}${next}.`,
    ...(look.missingPaths.length === 0
      ? []
      : [`Restore its files before the next backup: olares-backup restore latest --plan ${word}`]),
    ...left.map(
      ({ id }) =>
        `The key of the lost machine still opens it: olares-backup key remove ${word} ${id.slice(0, 8)}`,
    ),
    ...(look.settings?.others ?? []).map(
      ({ name, address }) =>
        `${cleanText(name)} is another plan of it: olares-backup adopt ${shellWord(cleanText(address, 4096))}`,
    ),
  ];
}
