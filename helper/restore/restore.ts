import { lstatSync } from 'node:fs';
import { basename } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import type { MergedFiles } from '../../contract/model/job.ts';
import { isForNow } from '../engine/exit-codes.ts';
import { openMachineRepository } from '../engine/machine-repository.ts';
import { readConfig, type Repository } from '../engine/repository.ts';
import { openTypedRepository } from '../engine/typed-repository.ts';
import { passwordBytes } from '../password.ts';
import { withSecret } from '../secret-channel.ts';
import type { Session } from '../session.ts';
import { cancelledBeforePlacing, download, type Downloaded } from './download.ts';
import { flush } from './flush.ts';
import { openJail, requireJail } from './jail.ts';
import { keptBytes } from './kept-bytes.ts';
import { withMissing } from './missing.ts';
import { requirePermit, takePermit } from './permit.ts';
import { place, type Placing } from './place.ts';
import { dropPlaceRecord, writePlaceRecord } from './place-record.ts';
import { prove, type Proof } from './prove.ts';
import { recoverPlacing } from './recover-placing.ts';
import { scan } from './scan.ts';
import { select, snapshotPaths, type Selection } from './selection.ts';
import { openStaging, type Staging } from './staging.ts';
import { openTarget, type Target } from './target.ts';

type Request = HelperRequestOf<'restore'>;
type Result = HelperResultOf<'restore'>;

const UNDO_DAYS = 7;
const DAY_MS = 24 * 60 * 60_000;

/**
 * Brings a snapshot back: into a private directory in a jail, then looked through, then placed by rename. Whatever goes
 * wrong before that leaves the target as it was.
 * @throws AppError `refused` without a grant or a jail, `wrong_password`, `conflict`, `no_space`, `not_found` …
 */
export async function restore(request: Request, session: Session): Promise<Result> {
  recoverPlacing(session);
  requireJail(session);
  if (request.key === 'machine') {
    requirePermit(session, request);
    await using repository = await openMachineRepository(session, request);
    // Only now: a storage that cannot be reached costs nobody a password.
    const permittedUntil = takePermit(session, request);
    return await bringBack({ request, session, repository, permittedUntil });
  }
  if (request.channelPath === undefined) {
    throw new AppError('invalid_input', 'a typed key needs "channelPath"', { field: 'channelPath' });
  }
  return withSecret(session, request.channelPath, async ({ password, recovery }, accept) => {
    const { verb, access } = request;
    const secret = passwordBytes(password ?? recovery);
    await using repository = await openTypedRepository(session, { verb, access, secret });
    // Where it could not be tried offline, restic tries it now.
    if (repository.keyId === undefined) await readConfig((run) => repository.run(run));
    await accept();
    return await bringBack({ request, session, repository, permittedUntil: undefined });
  });
}

interface Restore {
  readonly request: Request;
  readonly session: Session;
  readonly repository: Repository;
  /** See StagingRecord. */
  readonly permittedUntil: number | undefined;
}

async function bringBack(restore: Restore): Promise<Result> {
  const { request, session, permittedUntil } = restore;
  using target = openTarget(session, request.target, mayHoldFiles(request.choice));
  const selection = await selectionOf(restore, request.choice.inPlace === true);
  await using cleanup = cleanupOf(session);
  const staging = cleanup.use(await openStaging({ session, request, target, permittedUntil }));
  try {
    return await fetchAndPlace({ ...restore, target, selection, staging, cleanup });
  } catch (error) {
    if (goesOn(session, error)) staging.keep();
    throw error;
  }
}

/** In place, and where the person has named a rule for files that are there. */
const mayHoldFiles = ({ inPlace, conflict }: Request['choice']) => inPlace === true || conflict !== undefined;

/** Stopped for now, or by what passes. A person who cancels, and a disk that is full, want the space back. */
function goesOn({ cancel }: Session, error: unknown): boolean {
  if (cancel.aborted) return isForNow(cancel);
  return error instanceof AppError && error.retry === 'backoff';
}

interface Fetching extends Restore {
  readonly target: Target;
  readonly selection: Selection;
  readonly staging: Staging;
  readonly cleanup: Cleanup;
}

async function fetchAndPlace(fetching: Fetching): Promise<Result> {
  const { request, session, repository, target, selection, staging, cleanup } = fetching;
  const startedAt = session.clock();
  const { choice } = request;
  const keepSpecial = choice.keepSpecial === true;
  const jail = cleanup.use(
    openJail({ session, staging: staging.anchor, access: request.access, keepSpecial }),
  );
  const { held } = staging;
  const stagingPath = staging.anchor.path;
  const fetched = await download({ request, session, repository, selection, jail, stagingPath, held });
  sayPhase(session, 'verifying');
  const { withoutCapability } = fetched;
  const proof = await proofOf(fetching, fetched);
  const faults = withMissing(proof.faults, staging.anchor, selection);
  const found = scan(staging.anchor, { keepSpecial, faults, withoutCapability });
  if (choice.verify !== false) await flush(staging.anchor);
  cancelledBeforePlacing(session);
  staging.seal();
  sayPhase(session, 'placing');
  const stamp = stampOf(session.clock());
  let merged: MergedFiles | undefined;
  const undoPath = placeOnRecord(session, request, {
    staging: staging.anchor,
    target,
    selection,
    inPlace: mayHoldFiles(choice),
    conflict: choice.conflict,
    deleteExtra: choice.deleteExtra,
    stamp,
    left: found.left,
    onMerged: (counts) => (merged = counts),
  });
  return {
    kind: 'restore',
    target: request.target,
    filesRestored: found.files,
    bytesRestored: found.bytes,
    filesVerified: choice.verify === false ? 0 : found.regularFiles,
    entriesCompared: proof.entriesCompared,
    filesHashed: proof.filesHashed,
    ...(held.bytes > 0 && { resumedBytes: held.bytes }),
    durationMs: session.clock() - startedAt,
    skipped: found.skipped,
    stripped: found.stripped,
    ...(undoPath !== undefined && keptFacts(target, undoPath, session.clock())),
    ...(merged !== undefined && { merged }),
    warnings: warningsOf(proof),
  };
}

function keptFacts({ parent }: Target, undoPath: string, now: number): Partial<Result> {
  const undoBytes = keptBytes(parent, basename(undoPath));
  return {
    undoPath,
    undoUntil: now + UNDO_DAYS * DAY_MS,
    ...(undoBytes !== undefined && { undoBytes }),
  };
}

async function proofOf(fetching: Fetching, { faults }: Downloaded): Promise<Proof> {
  const { request, repository, selection, staging } = fetching;
  if (request.choice.verify === false)
    return { faults, altered: { count: 0, first: [] }, entriesCompared: 0, filesHashed: 0 };
  return await prove({ request, repository, selection, staging: staging.anchor, faults });
}

/** A kill at any point of it leaves a record of where the old files are. */
function placeOnRecord(
  session: Session,
  { requestId, target }: Request,
  placing: Omit<Placing, 'onKeep'>,
): string | undefined {
  const { output } = session;
  let kept: string | undefined;
  const onKeep = (undoPath: string) => {
    kept = undoPath;
    writePlaceRecord(session, { requestId, target, undoPath });
    output.kept(undoPath);
  };
  try {
    const undoPath = place({ ...placing, onKeep });
    dropPlaceRecord(session, requestId);
    return undoPath;
  } catch (error) {
    const isBack = kept === undefined || lstatSync(kept, { throwIfNoEntry: false }) === undefined;
    if (isBack) {
      dropPlaceRecord(session, requestId);
      output.kept(undefined);
    }
    throw error;
  }
}

interface Cleanup extends AsyncDisposable {
  use<T extends Disposable | AsyncDisposable>(resource: T): T;
}

/** Ends what the restore used, last first. What cannot be ended is logged: files in place are a restore that is done. */
function cleanupOf({ output }: Session): Cleanup {
  const resources: (Disposable | AsyncDisposable)[] = [];
  return {
    use(resource) {
      resources.push(resource);
      return resource;
    },
    async [Symbol.asyncDispose]() {
      for (const resource of resources.toReversed()) {
        try {
          if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
          else resource[Symbol.dispose]();
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          output.log('warn', `something of the restore could not be cleared away: ${reason}`);
        }
      }
    },
  };
}

async function selectionOf({ request, repository }: Restore, inPlace: boolean): Promise<Selection> {
  const roots =
    request.subPath === undefined ? await snapshotPaths(repository, request.snapshotId) : [request.subPath];
  const selection = select(roots, request.choice);
  if (inPlace && selection.roots.length > 1) {
    throw new AppError('invalid_input', 'a snapshot of several paths cannot be restored in place', {
      field: 'target',
      hint: 'restore it into a new directory, which gets one directory for each path',
    });
  }
  return selection;
}

function warningsOf({ altered: { count, first } }: Proof): string[] {
  const [one] = first;
  return one === undefined
    ? []
    : [`${count} are whole but not as they were, such as ${one.path}: ${one.reason}`];
}

function sayPhase({ output }: Session, phase: 'verifying' | 'placing'): void {
  output.progress({ phase, filesDone: 0, bytesDone: 0 });
}

/** `20261120-181200`, UTC. */
const stampOf = (now: number) =>
  new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
