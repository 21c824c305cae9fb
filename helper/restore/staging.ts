import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { HelperRequestOf } from '../../contract/helper-messages.ts';
import type { Session } from '../session.ts';
import { isPrivate, openAnchor, type Anchor } from './anchor.ts';
import { removeTree } from './move.ts';
import {
  dropStagingRecord,
  identityOf,
  isAtWork,
  openRecorded,
  readStagingRecord,
  writeStagingRecord,
  type NewStagingRecord,
  type StagingRecord,
} from './staging-record.ts';
import type { Target } from './target.ts';
import { usedBy, type Used } from './used.ts';

/** A private directory beside the target, on the same file system, so that placing is a rename. */
export interface Staging extends AsyncDisposable {
  readonly anchor: Anchor;
  /** What an interrupted run of the same restore has left in it. */
  readonly held: Used;
  /** It is not removed at the end: the restore goes on later. */
  keep(): void;
  /**
   * Nothing goes on in it from now on. Called before old files get a second name in it: restic must never write to
   * those.
   */
  seal(): void;
}

export interface StagingOptions {
  readonly session: Session;
  readonly request: HelperRequestOf<'restore'>;
  readonly target: Target;
  /** See StagingRecord. */
  readonly permittedUntil: number | undefined;
}

/**
 * A new one, or the one of the same restore that was interrupted: what is in it need not be fetched again.
 * @throws AppError `refused` when it cannot be made, `conflict` while another helper works in it
 */
export async function openStaging(options: StagingOptions): Promise<Staging> {
  const { session, request, target } = options;
  const { requestId } = request;
  const name = `.olares-restore-${requestId}`;
  const path = join(dirname(target.path), name);
  const digest = digestOf(request);
  const resumed = await openResumed(options, { name, path, digest });
  const anchor = resumed?.anchor ?? makeNew(target.parent.at(name));
  const record = {
    requestId,
    snapshotId: request.snapshotId,
    target: request.target,
    digest,
    path,
    identity: identityOf(anchor),
    startedAt: resumed?.startedAt ?? session.clock(),
    ...(options.permittedUntil !== undefined && { permittedUntil: options.permittedUntil }),
  };
  writeStagingRecord(session, record);
  const held = resumed ? usedBy(anchor.path) : { bytes: 0, inodes: 0 };
  return handleOf({ session, record, anchor, held, path: target.parent.at(name) });
}

interface Wanted {
  readonly name: string;
  readonly path: string;
  readonly digest: string;
}

/** What the same restore has left; what another choice of the same request has left is removed. */
async function openResumed(
  { session, request, target }: StagingOptions,
  { name, path, digest }: Wanted,
): Promise<{ anchor: Anchor; startedAt: number } | undefined> {
  const old = readStagingRecord(session, request.requestId);
  if (!old) return undefined;
  if (isAtWork(old)) throw atWork();
  const isSame = old.digest === digest && old.path === path;
  const anchor = isSame ? openRecorded(target.parent.at(name), old) : undefined;
  if (!anchor) {
    await removeStaging(session, old);
    return undefined;
  }
  // Several paths are gathered at the very end, from where nothing goes on.
  await removeTree(anchor.at('gathered'));
  return { anchor, startedAt: old.startedAt };
}

/** The digest of no restore. */
const SEALED = '0'.repeat(64);

interface Handle {
  readonly session: Session;
  readonly record: NewStagingRecord;
  readonly anchor: Anchor;
  readonly held: Used;
  readonly path: string;
}

function handleOf({ session, record, anchor, held, path }: Handle): Staging {
  let isKept = false;
  return {
    anchor,
    held,
    keep: () => void (isKept = true),
    seal: () => writeStagingRecord(session, { ...record, digest: SEALED }),
    async [Symbol.asyncDispose]() {
      if (!isKept) await empty(anchor);
      const isEmpty = readdirSync(anchor.path).length === 0;
      anchor[Symbol.dispose]();
      // By its name only while it is an empty directory: the name may have been given to something else.
      if (isEmpty) rmdirSync(path);
      if (!isKept) dropStagingRecord(session, record.requestId);
    },
  };
}

/** Removes what an interrupted restore has fetched, wherever it may have been moved in its directory. Gone is as good. */
export async function removeStaging(session: Session, record: StagingRecord): Promise<void> {
  const anchor = openRecorded(record.path, record);
  if (anchor) {
    await empty(anchor);
    anchor[Symbol.dispose]();
    rmdirSync(record.path);
  }
  dropStagingRecord(session, record.requestId);
}

async function empty(anchor: Anchor): Promise<void> {
  await removeTree(anchor.at('content'));
  await removeTree(anchor.at('gathered'));
}

function makeNew(path: string): Anchor {
  try {
    removeEmpty(path);
    mkdirSync(path, { mode: 0o700 });
    const anchor = openAnchor(path);
    if (isPrivate(anchor)) return anchor;
    anchor[Symbol.dispose]();
    throw new Error('the directory just made is not ours: it was exchanged');
  } catch (error) {
    throw new AppError('refused', 'no directory can be made beside the target', {
      hint: 'choose a target whose parent directory exists and may be written by the agent',
      retry: 'after_action',
      cause: error,
    });
  }
}

/** What a run left that was killed before it had a record. Anything else of this name is not ours to remove. */
function removeEmpty(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) rmdirSync(path);
}

/** Of all that decides what restic writes there. */
function digestOf({ snapshotId, subPath, choice, access }: HelperRequestOf<'restore'>): string {
  const what = [
    snapshotId,
    subPath ?? '',
    choice.include ?? [],
    choice.keepSpecial === true,
    access.expectId ?? access.address,
  ];
  return createHash('sha256').update(JSON.stringify(what)).digest('hex');
}

const atWork = () =>
  new AppError('conflict', 'this restore is running already', {
    hint: 'watch it with `olares-backup job watch`',
    retry: 'after_action',
  });
