import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError, type RestoreChoice } from '../../contract/index.ts';
import { isInside } from './is-inside.ts';
import { refuseRepositories } from './own-places.ts';

export interface TargetOptions {
  /** Paths the snapshot was made of; empty when they are not known. */
  readonly sourcePaths: readonly string[];
  readonly planName: string;
  /** Names a default target; the request's, so that preview and restore mean the same one. */
  readonly requestedAt: number;
  readonly stateDir: string;
  /** Directories that hold the repositories of plans. */
  readonly repositories: readonly string[];
  /** Where a restore goes whose sources are not known. */
  readonly home: string;
}

const LONGEST_NAME_BYTES = 255;
/** Where `.before-restore-20261120-181200-paths` has to go behind the name. */
const LONGEST_REPLACED_BYTES = 218;
/** Where `-restored-20261120-1812-2` has to. */
const LONGEST_DEFAULT_BYTES = 228;

/**
 * Where a restore goes: a new directory beside the source, or what the person chose.
 * @throws AppError `invalid_input` naming the target and the way out, `conflict` when it is not empty
 */
export function chooseTarget(choice: RestoreChoice, options: TargetOptions): string {
  refuseOddRules(choice);
  const target = wantedTarget(choice, options);
  refuseRepositories({
    target: choice.inPlace ? undefined : target,
    moved: movedBy(choice, target),
    repositories: options.repositories,
  });
  return target;
}

/** In place and without deletions all that is there stays, the repositories too. */
function movedBy(
  { inPlace, conflict, deleteExtra, include }: RestoreChoice,
  target: string,
): readonly string[] {
  if (inPlace) return deleteExtra ? (include ?? [target]) : [];
  return conflict === undefined ? [] : [target];
}

function wantedTarget(choice: RestoreChoice, options: TargetOptions): string {
  if (choice.inPlace) return inPlaceTarget(choice, options);
  const target = choice.target === undefined ? defaultTarget(options) : resolve(choice.target);
  refuseOwnPlaces(target, options.stateDir);
  refuseLongName(target, choice.conflict !== undefined);
  const source = options.sourcePaths.find((path) => isInside(target, path));
  if (source !== undefined) {
    throw invalid(
      `${target} lies inside the source ${source}`,
      'choose a directory elsewhere, or --in-place',
    );
  }
  if (choice.conflict === undefined && choice.target !== undefined) refuseFull(target);
  if (choice.conflict !== undefined) refuseAround(target, options.sourcePaths);
  return target;
}

function refuseOddRules({ conflict, deleteExtra, inPlace }: RestoreChoice): void {
  if (!deleteExtra) return;
  if (conflict === 'keep' || conflict === 'rename') {
    throw new AppError(
      'invalid_input',
      `files that are there cannot both stay ("${conflict}") and be deleted`,
      {
        field: 'deleteExtra',
        hint: 'leave out --delete-extra, or say --conflict replace',
      },
    );
  }
  if (inPlace || conflict !== undefined) return;
  throw new AppError('invalid_input', 'a new or empty directory has nothing to delete', {
    field: 'deleteExtra',
    hint: 'leave out --delete-extra, or say --conflict replace or --in-place',
  });
}

/** Placing exchanges the whole directory, and with it the very files a plan backs up. */
function refuseAround(target: string, sourcePaths: readonly string[]): void {
  const source = sourcePaths.find((path) => isInside(path, target));
  if (source !== undefined && existsSync(target)) {
    throw invalid(`${target} holds the source ${source}`, 'choose a directory elsewhere, or --in-place');
  }
  refuseFile(target);
}

function refuseFile(target: string): void {
  if (existsSync(target) && !statSync(target).isDirectory())
    throw invalid(`${target} is not a directory`, 'name a directory');
}

function inPlaceTarget(choice: RestoreChoice, { sourcePaths, stateDir }: TargetOptions): string {
  const [source, second] = sourcePaths;
  if (source === undefined || second !== undefined) {
    throw severalPlaces(sourcePaths);
  }
  if (choice.target !== undefined && resolve(choice.target) !== source) {
    throw invalid(`in place means ${source}, not ${choice.target}`, 'leave out --target or --in-place');
  }
  refuseOwnPlaces(source, stateDir);
  refuseLongName(source, true);
  return source;
}

function severalPlaces(sourcePaths: readonly string[]): AppError {
  const ways = sourcePaths.map((path) => `--in-place --include ${path}`).join(', then ');
  return invalid(
    'the snapshot is of several directories: in place they are restored one after the other, each with an undo of its own',
    `${ways === '' ? 'name one with --include' : ways}; or restore all of them into a new directory`,
  );
}

function defaultTarget({ sourcePaths, planName, requestedAt, home }: TargetOptions): string {
  const [source, second] = sourcePaths;
  const isSingle = source !== undefined && second === undefined;
  const parent = isSingle ? dirname(source) : sourcePaths.length > 0 ? commonParent(sourcePaths) : home;
  const name = (isSingle && basename(source)) || planName.replace(/[/\0]/g, '_') || 'restored';
  const wanted = join(parent, `${shortened(name)}-restored-${stampOf(requestedAt)}`);
  let free = wanted;
  for (let number = 2; existsSync(free); number += 1) free = `${wanted}-${number}`;
  return free;
}

function shortened(name: string): string {
  const characters = [...name];
  while (Buffer.byteLength(characters.join('')) > LONGEST_DEFAULT_BYTES) characters.pop();
  return characters.join('');
}

function commonParent(paths: readonly string[]): string {
  const [first = [''], ...others] = paths.map((path) => dirname(path).split('/'));
  let length = first.length;
  for (const other of others) {
    while (first.slice(0, length).some((part, index) => part !== other[index])) length -= 1;
  }
  return `/${first.slice(1, length).join('/')}`;
}

/** Local time of this machine: it becomes a name that people read. */
function stampOf(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}`;
}

function refuseOwnPlaces(target: string, stateDir: string): void {
  if (target === '/') throw invalid('the root directory cannot be a target', 'name a directory below it');
  if (isInside(target, stateDir) || isInside(stateDir, target)) {
    throw invalid(`${target} is where the agent keeps its own state`, 'choose another directory');
  }
}

/** @param isReplaced whether a tree that is there is kept beside it, by a longer name */
function refuseLongName(target: string, isReplaced: boolean): void {
  const names = target.split('/').map((name) => Buffer.byteLength(name));
  if (names.some((bytes) => bytes > LONGEST_NAME_BYTES))
    throw invalid(`no name in the target may be longer than ${LONGEST_NAME_BYTES} bytes`, 'shorten it');
  if (isReplaced && (names.at(-1) ?? 0) > LONGEST_REPLACED_BYTES && existsSync(target)) {
    throw invalid(
      `the name of ${target} is too long: no old tree could be kept beside it`,
      'restore into a new directory with --target',
    );
  }
}

function refuseFull(target: string): void {
  let names: readonly string[] = [];
  try {
    names = readdirSync(target);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOTDIR') throw invalid(`${target} is not a directory`, 'name a new or empty directory');
    // Not there, or not ours to look into: the helper will make it, or say the rest.
  }
  if (names.length > 0) {
    throw new AppError('conflict', `${target} is not empty`, {
      field: 'target',
      hint: 'name a new or empty directory, or say what becomes of files that are there with --conflict; nothing was changed',
    });
  }
}

function invalid(message: string, hint: string): AppError {
  return new AppError('invalid_input', message, { field: 'target', hint });
}
