import { lstatSync, readdirSync, realpathSync, statfsSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { Session } from '../session.ts';
import { openAnchor, type Anchor } from './anchor.ts';
import { isInside } from './selection.ts';

/** Share of the free space that a restore may take. */
const LARGEST_SHARE = 0.9;
/** Of a name, where `.before-restore-20261120-181200-paths` has to go behind it. */
const LONGEST_REPLACED_BYTES = 218;

export interface Target extends Disposable {
  /** As the person named it. */
  readonly path: string;
  readonly name: string;
  readonly parent: Anchor;
}

/**
 * Opens the directory that holds the target, and looks whether the target may be written.
 * @throws AppError `invalid_input`, `not_found`, `conflict`, `refused`
 */
export function openTarget(session: Session, path: string, inPlace: boolean): Target {
  if (path.includes('\0') || normalize(path) !== path || path.endsWith('/'))
    throw invalid(path, 'is not a plain absolute path');
  const parent = openParent(dirname(path));
  const name = basename(path);
  try {
    assertApart(session, parent, { name, path });
    assertFree(parent, { name, path, inPlace });
    return { path, name, parent, [Symbol.dispose]: () => parent[Symbol.dispose]() };
  } catch (error) {
    parent[Symbol.dispose]();
    throw error;
  }
}

/** By their real places: a link on the way to the target must not lead around this. */
function assertApart({ stateDir }: Session, parent: Anchor, { name, path }: Omit<Place, 'inPlace'>): void {
  const target = join(realpathSync(parent.path), name);
  const state = realpathSync(stateDir);
  if (isInside(target, state) || isInside(state, target))
    throw invalid(path, 'holds or is inside the state directory of the agent');
}

const invalid = (path: string, reason: string) =>
  new AppError('invalid_input', `the target ${path} ${reason}`, { field: 'target' });

function openParent(path: string): Anchor {
  try {
    return openAnchor(realpathSync(path));
  } catch (error) {
    throw new AppError('not_found', `the directory ${path} does not exist or cannot be opened`, {
      field: 'target',
      hint: 'make it first, or choose another target',
      cause: error,
    });
  }
}

interface Place {
  readonly name: string;
  readonly path: string;
  readonly inPlace: boolean;
}

function assertFree(parent: Anchor, { name, path, inPlace }: Place): void {
  const found = lstatSync(parent.at(name), { throwIfNoEntry: false });
  if (!found) return;
  const conflict = (reason: string, hint: string) =>
    new AppError('conflict', `the target ${path} ${reason}`, { field: 'target', hint });
  if (found.isSymbolicLink())
    throw conflict('is a link', 'name the directory it points to, or another target');
  if (found.dev !== lstatSync(`${parent.path}/.`).dev) {
    throw conflict('is the root of a disk of its own', 'restore into a new directory on that disk');
  }
  if (inPlace && Buffer.byteLength(name) > LONGEST_REPLACED_BYTES) {
    throw conflict(
      'has so long a name that no tree of that name can be kept beside it',
      'restore into a new directory',
    );
  }
  const isEmpty = found.isDirectory() && readdirSync(parent.at(name)).length === 0;
  if (!isEmpty && !inPlace) {
    throw conflict(
      'exists already and is not empty',
      'choose another target, or say --in-place to replace it',
    );
  }
}

export interface Room {
  readonly freeBytes: number;
  readonly freeInodes: number;
}

/** Free space on the file system of a directory, or of its nearest parent that exists. */
export function roomAt(path: string): Room {
  try {
    const { bavail, bsize, ffree, files } = statfsSync(path);
    // Some file systems (btrfs) have no fixed number of inodes and say 0 of 0.
    return { freeBytes: bavail * bsize, freeInodes: files === 0 ? Number.MAX_SAFE_INTEGER : ffree };
  } catch (error) {
    if (path === '/') throw error;
    return roomAt(join(path, '..'));
  }
}

export function fits({ freeBytes, freeInodes }: Room, bytes: number, files: number): boolean {
  return bytes <= freeBytes * LARGEST_SHARE && files <= freeInodes * LARGEST_SHARE;
}

/** What a restore wants, as far as it is known. */
export interface Need {
  readonly bytes: number | undefined;
  readonly files: number | undefined;
}

/** Says what is missing, space or places for files, and how much of it. */
export function noSpace(room: Room, { bytes, files }: Need): AppError {
  const { freeBytes, freeInodes } = room;
  const isOfInodes = files !== undefined && !fits(room, 0, files);
  const [needed, free, missing] = isOfInodes
    ? [`${files} places for files`, `${freeInodes}`, `${Math.ceil(files / LARGEST_SHARE - freeInodes)}`]
    : [
        bytes === undefined ? undefined : megabytes(bytes),
        megabytes(freeBytes),
        bytes === undefined ? undefined : megabytes(Math.max(0, bytes / LARGEST_SHARE - freeBytes)),
      ];
  return new AppError(
    'no_space',
    `not enough room at the target: ${needed === undefined ? '' : `the restore needs ${needed}, `}${free} are free`,
    {
      hint: `${missing === undefined ? '' : `free ${missing} more, or `}choose a target on another disk; your files were not touched`,
      retry: 'after_action',
    },
  );
}

const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
