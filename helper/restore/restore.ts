import { lstatSync } from 'node:fs';
import { AppError } from '../../contract/errors.ts';
import type { HelperRequestOf, HelperResultOf } from '../../contract/helper-messages.ts';
import { openMachineRepository } from '../engine/machine-repository.ts';
import { readConfig, type Repository } from '../engine/repository.ts';
import { openTypedRepository } from '../engine/typed-repository.ts';
import { takeGrant } from '../keycheck/grant.ts';
import { passwordBytes } from '../password.ts';
import { withSecret } from '../secret-channel.ts';
import type { Session } from '../session.ts';
import { cancelledBeforePlacing, download } from './download.ts';
import { openJail } from './jail.ts';
import { place, type Placing } from './place.ts';
import { dropPlaceRecord, recoverPlacing, writePlaceRecord } from './place-record.ts';
import { scan } from './scan.ts';
import { select, snapshotPaths, type Selection } from './selection.ts';
import { openStaging } from './staging.ts';
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
  if (request.key === 'machine') {
    takeGrant(session, request);
    await using repository = await openMachineRepository(session, request);
    return await bringBack({ request, session, repository });
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
    return await bringBack({ request, session, repository });
  });
}

interface Restore {
  readonly request: Request;
  readonly session: Session;
  readonly repository: Repository;
}

async function bringBack({ request, session, repository }: Restore): Promise<Result> {
  const startedAt = session.clock();
  const { choice } = request;
  const inPlace = choice.inPlace === true;
  using target = openTarget(session, request.target, inPlace);
  const selection = await selectionOf({ request, session, repository }, inPlace);
  await using cleanup = cleanupOf(session);
  const staging = cleanup.use(await openStaging(target.parent, request.requestId));
  const keepSpecial = choice.keepSpecial === true;
  const jail = cleanup.use(
    openJail({ session, staging: staging.anchor, access: request.access, keepSpecial }),
  );
  const faults = await download({
    request,
    session,
    repository,
    selection,
    jail,
    roomPath: target.parent.path,
  });
  sayPhase(session, 'verifying');
  const found = scan(staging.anchor, { keepSpecial, faults });
  cancelledBeforePlacing(session);
  sayPhase(session, 'placing');
  const stamp = stampOf(session.clock());
  const undoPath = placeOnRecord(session, request, {
    staging: staging.anchor,
    target,
    selection,
    inPlace,
    stamp,
  });
  return {
    kind: 'restore',
    target: request.target,
    filesRestored: found.files,
    bytesRestored: found.bytes,
    filesVerified: found.regularFiles,
    durationMs: session.clock() - startedAt,
    skipped: found.skipped,
    stripped: found.stripped,
    ...(undoPath === undefined ? {} : { undoPath, undoUntil: session.clock() + UNDO_DAYS * DAY_MS }),
    warnings: warningsOf(target, undoPath),
  };
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

function warningsOf({ path }: Target, undoPath: string | undefined): string[] {
  if (undoPath === undefined) return [];
  return [`the former content of ${path} is kept in ${undoPath}`];
}

function sayPhase({ output }: Session, phase: 'verifying' | 'placing'): void {
  output.progress({ phase, filesDone: 0, bytesDone: 0 });
}

/** `20261120-181200`, UTC. */
const stampOf = (now: number) =>
  new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
