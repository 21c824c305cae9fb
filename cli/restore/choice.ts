import { resolve } from 'node:path';
import {
  AppError,
  RESTORE_CONFLICTS,
  type RestoreChoice,
  type RestoreConflict,
  type RestoreRequest,
} from '../../contract/index.ts';
import type { PasswordOptions } from '../password/sources.ts';
import type { Session } from '../session.ts';

export interface RestoreOptions extends PasswordOptions {
  readonly plan?: string;
  readonly target?: string;
  readonly inPlace?: boolean;
  readonly include?: string[];
  readonly conflict?: string;
  readonly deleteExtra?: boolean;
  /** false by `--no-verify`. */
  readonly verify?: boolean;
  readonly dryRun?: boolean;
  /** The day of an old snapshot, as a script says that it knows it. */
  readonly acceptDate?: string;
  readonly detach?: boolean;
  /** Of what a restore in place is about to replace. */
  readonly snapshotFirst?: boolean;
}

/** @throws AppError `invalid_input` naming the flag */
export function parseChoice(session: Session, options: RestoreOptions): RestoreChoice {
  const { target, inPlace, include, deleteExtra } = options;
  if (target !== undefined && inPlace) {
    throw new AppError('invalid_input', '--target and --in-place exclude each other', { field: '--target' });
  }
  const relative = include?.find((path) => !path.startsWith('/'));
  if (relative !== undefined) {
    throw new AppError('invalid_input', `--include: "${relative}" is not an absolute path`, {
      field: '--include',
      hint: 'name it as `olares-backup snapshot ls SNAPSHOT` shows it, from the first slash on',
    });
  }
  const conflict = parseConflict(options.conflict);
  return {
    ...(target === undefined ? {} : { target: resolve(session.runtime.cwd, target) }),
    ...(inPlace ? { inPlace } : {}),
    ...(include === undefined ? {} : { include: include.map(plainPath) }),
    ...(conflict === undefined ? {} : { conflict }),
    ...(deleteExtra ? { deleteExtra } : {}),
    ...verifyOf(options),
  };
}

/**
 * What the restore begins with: what was chosen on the page or before an interruption, as far as it is not said
 * otherwise now. Where it goes is one choice.
 * @throws AppError `invalid_input` where nobody is asked and what would replace files was not said now
 */
export function withEarlier(
  { interactive, yes }: Pick<Session, 'interactive' | 'yes'>,
  { choice: earlier = {} }: RestoreRequest,
  said: RestoreChoice,
): RestoreChoice {
  const saysWhere = said.target !== undefined || said.inPlace === true;
  const rest = saysWhere ? without(earlier, 'target', 'inPlace', 'conflict', 'deleteExtra') : earlier;
  const choice = { ...rest, ...said };
  const unsaid = replacingFlags(choice).filter((flag) => !replacingFlags(said).includes(flag));
  if ((interactive && !yes) || unsaid.length === 0) return choice;
  throw new AppError('invalid_input', `the restore was prepared to replace files: ${unsaid.join(' ')}`, {
    field: unsaid[0]?.split(' ')[0] ?? '--in-place',
    hint: `if that is what you want, add ${unsaid.join(' ')}; or name a new directory with --target`,
  });
}

function replacingFlags({ inPlace, conflict, deleteExtra }: RestoreChoice): string[] {
  return [
    ...(inPlace ? ['--in-place'] : []),
    ...(conflict === 'replace' || conflict === 'different' ? [`--conflict ${conflict}`] : []),
    ...(deleteExtra ? ['--delete-extra'] : []),
  ];
}

export function without(choice: RestoreChoice, ...fields: readonly (keyof RestoreChoice)[]): RestoreChoice {
  const left = Object.entries(choice).filter(([name]) => !fields.includes(name as keyof RestoreChoice));
  return Object.fromEntries(left);
}

function parseConflict(text: string | undefined): RestoreConflict | undefined {
  if (text === undefined) return undefined;
  const rule = RESTORE_CONFLICTS.find((each) => each === text);
  if (rule) return rule;
  throw new AppError('invalid_input', `--conflict: "${text}" is none of ${RESTORE_CONFLICTS.join(', ')}`, {
    field: '--conflict',
    hint: 'keep what is there, replace what is different, replace always, or rename: bring it beside under a new name',
  });
}

/** A directory is the same with and without its last slash. */
const plainPath = (path: string) => path.replace(/(?<=.)\/+$/, '');

/** commander sets it to true when `--no-verify` is not there. */
const verifyOf = ({ verify }: RestoreOptions): Pick<RestoreChoice, 'verify'> =>
  verify === false ? { verify } : {};
