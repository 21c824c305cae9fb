import { AppError } from '../../contract/errors.ts';
import type { HelperRequestOf } from '../../contract/helper-messages.ts';
import { errorEvent, messageType, restoreEnd, statusMessage } from '../engine/messages.ts';
import { createProgressMeter } from '../engine/progress.ts';
import type { Repository } from '../engine/repository.ts';
import { runReading } from '../engine/run-reading.ts';
import { skipReason } from '../engine/skipped.ts';
import type { Session } from '../session.ts';
import { jailFailure, type Jail } from './jail.ts';
import { includeOptions, type Selection } from './selection.ts';
import { fits, noSpace, roomAt, type Room } from './target.ts';
import { usedBy, type Used } from './used.ts';

const RESTIC_FAILED = 1;
const FAULTS_KEPT = 100_000;
/** A capability of a file is tried and refused, so that it can be named. */
const WITHOUT_ATTRIBUTES = ['security.*', '!security.capability', 'trusted.*'].map(
  (name) => `--exclude-xattr=${name}`,
);
const CAPABILITY_REFUSED = /security\.capability: operation not permitted$/;
/**
 * The jail of an ordinary user knows no other users and groups: instead of "not permitted", which restic passes over for
 * whoever is not root, the system says this. All else of the entry is set all the same.
 */
const OWNER_REFUSED = /^lchown [^]*: invalid argument$/;
const IS_ROOT = process.geteuid?.() === 0;

export interface Download {
  readonly request: HelperRequestOf<'restore'>;
  readonly session: Session;
  readonly repository: Repository;
  readonly selection: Selection;
  readonly jail: Jail;
  /** Where it goes, on the target's file system. */
  readonly stagingPath: string;
  /** What an interrupted run left there: restic compares it, and fetches only what is missing. */
  readonly held: Used;
}

/** Files restic could not bring back whole: path in the snapshot → reason in words. */
export type Faults = ReadonlyMap<string, string>;

export interface Downloaded {
  readonly faults: Faults;
  /** Files that had a capability of their own in the snapshot, and have it no more. */
  readonly withoutCapability: readonly string[];
}

/**
 * Restores into the jail and has restic read every file again. What restic prints at the end is no evidence: exit code
 * and error events are.
 * @throws AppError `no_space`, and what makes the whole restore worthless
 */
export async function download(options: Download): Promise<Downloaded> {
  const { request, session, repository, selection, jail } = options;
  using watch = createWatch(options);
  const { args, files } = includeOptions(selection.include);
  try {
    const end = await runReading(session, repository, {
      args: [...restoreArgs(request, jail), ...args],
      files,
      wrap: (firstFd) => jail.wrap(firstFd),
      cancel: watch.tooBig,
      accept: [RESTIC_FAILED],
      onText: watch.onText,
      onMessage: watch.onMessage,
    });
    if (end.code === 0) return watch.found();
    const failure = jailFailure(end.tail) ?? watch.failure();
    if (failure) throw failure;
    if (!watch.areFaultsNamed()) throw repository.failure(end);
    return watch.found();
  } catch (error) {
    // We stopped it ourselves, which looks like a cancel.
    if (watch.tooBig.aborted && !session.cancel.aborted) throw watch.noSpace();
    throw error;
  }
}

/** Follows what restic says while it restores. */
function createWatch({ session, repository, stagingPath, held, request }: Download) {
  const meter = createProgressMeter(session, { phase: 'downloading', waitingSince: repository.waitingSince });
  const room = roomWith(stagingPath, held);
  const tooBig = new AbortController();
  const faults = new Map<string, string>();
  const withoutCapability: string[] = [];
  const need: { bytes: number | undefined; files: number | undefined } = {
    bytes: undefined,
    files: undefined,
  };
  let isFull = false;
  let hasEnded = false;
  let hasUnnamedFault = false;
  let otherOwners = 0;

  const onStatus = (message: unknown) => {
    if (!statusMessage.check(message)) return;
    meter.onStatus(message);
    need.bytes = message.total_bytes ?? need.bytes;
    need.files = message.total_files ?? need.files;
    // Known within the first second: stop before the disk is full, not when it is.
    if (!fits(room, need.bytes ?? 0, need.files ?? 0)) tooBig.abort();
  };
  // In the jail it may not be set: that is how we know that it was there.
  const isCapability = (text: string) => !request.choice.keepSpecial && CAPABILITY_REFUSED.test(text);
  const isOwner = (text: string) => !IS_ROOT && OWNER_REFUSED.test(text);
  const onSummary = (message: unknown) => {
    if (!restoreEnd.check(message)) return;
    hasEnded = true;
    // A restore that is over within a second says only here how much it was.
    need.bytes ??= message.total_bytes;
    need.files ??= message.total_files;
  };
  const onFault = (message: unknown) => {
    const { item, text } = faultIn(message);
    if (item !== undefined && isCapability(text)) return void withoutCapability.push(item);
    if (isOwner(text)) return void (otherOwners += 1);
    isFull ||= /no space left on device|disk quota exceeded/i.test(text);
    if (!item?.startsWith('/') || faults.size >= FAULTS_KEPT) hasUnnamedFault = true;
    else if (!faults.has(item)) faults.set(item, skipReason(text));
  };
  return {
    onText: (line: string) => meter.onText(line),
    onMessage(message: unknown) {
      const type = messageType(message);
      if (type === 'status') onStatus(message);
      if (type === 'summary') onSummary(message);
      if (type === 'error') onFault(message);
    },
    tooBig: tooBig.signal,
    noSpace: () => noSpace(room, need),
    found: (): Downloaded => ({ faults, withoutCapability }),
    // Others may have written since it began: what counts is what is free now, and what we took.
    failure: () => (isFull ? noSpace(roomWith(stagingPath, usedBy(stagingPath)), need) : undefined),
    /** It came to its end, and every file that is not whole is known. */
    areFaultsNamed: () =>
      hasEnded && faults.size + withoutCapability.length + otherOwners > 0 && !hasUnnamedFault,
    [Symbol.dispose]: () => meter[Symbol.dispose](),
  };
}

function faultIn(message: unknown): { item: string | undefined; text: string } {
  const { item, error } = errorEvent.parse(message, "restic's error");
  return { item, text: error?.message ?? '' };
}

/** What is free, and what is taken by what we will replace or remove. */
function roomWith(path: string, { bytes, inodes }: Used): Room {
  const { freeBytes, freeInodes } = roomAt(path);
  return { freeBytes: freeBytes + bytes, freeInodes: freeInodes + inodes };
}

function restoreArgs(
  { snapshotId, choice, downloadKiBPerSecond }: HelperRequestOf<'restore'>,
  jail: Jail,
): string[] {
  return [
    'restore',
    snapshotId,
    `--target=${jail.insidePath}/content`,
    ...(choice.verify === false ? [] : ['--verify']),
    // Holes come back as holes: written out, an image of a disk can be far larger than what it was made from.
    '--sparse',
    // Capabilities of files and labels of this machine's security modules must not come out of a repository.
    ...(choice.keepSpecial ? [] : WITHOUT_ATTRIBUTES),
    ...(downloadKiBPerSecond === undefined ? [] : [`--limit-download=${downloadKiBPerSecond}`]),
  ];
}

export function cancelledBeforePlacing(session: Session): void {
  if (session.cancel.aborted)
    throw new AppError('cancelled', 'stopped before anything was placed; the target was not touched');
}
