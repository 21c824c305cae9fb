import {
  AppError,
  cleanText,
  shellWord,
  type NewRestoreRequest,
  type Plan,
  type RestoreChoice,
} from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import { parseBackupUrl, type ParsedBackupUrl } from './backup-url.ts';
import type { RequestRecords } from './request-records.ts';
import type { Requests } from './request-types.ts';
import type { LedgerSnapshot, RequestRow, RestorePlans, RestoreStore } from './restore-ports.ts';

const LIFE_MS = 24 * 60 * 60_000;
const MAX_NOTE_LENGTH = 500;

export interface IntakeOptions {
  readonly store: RestoreStore;
  readonly plans: RestorePlans;
  readonly records: RequestRecords;
  readonly clock: Clock;
}

export interface Intake {
  propose(input: Parameters<Requests['propose']>[0]): RequestRow;
  create(input: NewRestoreRequest, origin: 'user' | 'page'): RequestRow;
}

type Subject = Pick<
  RequestRow,
  'planId' | 'planName' | 'snapshotId' | 'takenAt' | 'filesTotal' | 'bytesTotal' | 'backupUrl'
>;

/** Turns every way to ask for a restore into the same request. Nothing is opened or downloaded here. */
export function createIntake(options: IntakeOptions): Intake {
  const { records, store, clock } = options;
  const insert = (
    subject: Subject,
    from: Pick<RequestRow, 'origin' | 'note' | 'commandId' | 'expiresAt' | 'location' | 'choice'>,
  ): RequestRow =>
    records.insert({
      ...subject,
      ...from,
      state: 'proposed',
      newerSnapshots: null,
      reason: null,
      jobId: null,
      error: null,
      undoPath: null,
      undoUntil: null,
      preview: null,
      asidePath: null,
    });
  return {
    propose(input) {
      const known = store.requests.list({}).find(({ commandId }) => commandId === input.commandId);
      if (known) return known;
      const subject = proposedSubject(options, input);
      refuseSecond(store, subject);
      const note = cleanText(input.note, MAX_NOTE_LENGTH).trim();
      return insert(subject, {
        origin: 'space',
        note: note === '' ? null : note,
        commandId: input.commandId,
        location: null,
        choice: null,
        expiresAt: Math.min(input.expiresAt, clock.now() + LIFE_MS),
      });
    },
    create: (input, origin) =>
      insert(chosenSubject(options, input), {
        origin,
        note: null,
        commandId: null,
        // The page names no files of keys.
        location: origin === 'page' ? null : (input.location ?? null),
        choice: chosenOf(input),
        expiresAt: clock.now() + LIFE_MS,
      }),
  };
}

/** Space may only point at what this machine made, or at a place of the account itself. */
function proposedSubject(options: IntakeOptions, input: Parameters<Requests['propose']>[0]): Subject {
  const { plans, store } = options;
  const plan = input.planId === undefined ? undefined : plans.find(input.planId);
  if (plan) {
    const snapshot = store.snapshots.find(input.snapshotId);
    if (snapshot === undefined || snapshot === 'ambiguous' || snapshot.planId !== plan.id) {
      throw refused(`Space proposed a snapshot that "${plan.name}" does not have`);
    }
    return ofLedger(plan, requirePresent(snapshot));
  }
  if (input.backupUrl === undefined)
    throw refused('Space proposed a restore of a plan this machine does not have');
  const url = parseBackupUrl(input.backupUrl);
  if (url.location !== 'space') throw refused('Space proposed a restore from somewhere else');
  if (url.snapshotId !== input.snapshotId) throw refused('Space proposed two different snapshots at once');
  return ofUrl(options, url, input.backupUrl);
}

/** One that waits is enough: more would only tire the person who has to look at them. */
function refuseSecond(store: RestoreStore, subject: Subject): void {
  const waiting = store.requests
    .list({ open: true })
    .find(({ origin, planId }) => origin === 'space' && planId === subject.planId);
  if (waiting) {
    throw new AppError('conflict', `the request ${waiting.code} is waiting already`, {
      hint: 'answer or decline it first',
    });
  }
}

function chosenSubject(
  options: IntakeOptions,
  { snapshot, plan: planName, backupUrl }: NewRestoreRequest,
): Subject {
  if (backupUrl !== undefined) {
    if (snapshot !== undefined) throw oneWay();
    return ofUrl(options, parseBackupUrl(backupUrl), backupUrl);
  }
  const plan = planName === undefined ? undefined : options.plans.get(planName);
  if (snapshot === undefined || snapshot === 'latest') {
    if (!plan) throw oneWay();
    return ofLedger(plan, newestOf(options.store, plan));
  }
  const found = requireSnapshot(options.store, snapshot);
  if (plan && found.planId !== plan.id) {
    throw new AppError('not_found', `"${plan.name}" has no snapshot "${snapshot}"`, { field: 'snapshot' });
  }
  return ofLedger(planOf(options, found), requirePresent(found));
}

/** Snapshots outlive their plan, and with it the way to them. */
function planOf({ plans }: IntakeOptions, { planId, resticId }: LedgerSnapshot): Plan {
  const plan = plans.find(planId);
  if (plan) return plan;
  throw new AppError('not_found', `the plan of the snapshot ${resticId.slice(0, 8)} was removed`, {
    hint: 'make it anew from what is in its repository: `olares-backup adopt`, with the address or a Backup URL; or restore by its Backup URL',
    field: 'snapshot',
  });
}

/** Undefined and empty mean the same: nothing is chosen yet. */
function chosenOf({ choice }: NewRestoreRequest): RestoreChoice | null {
  if (choice === undefined || Object.keys(choice).length === 0) return null;
  if (choice.inPlace && choice.target !== undefined) {
    throw new AppError('invalid_input', 'a target and in place exclude each other', { field: 'choice' });
  }
  return choice;
}

/** By the ledger, never by the dates in a repository: those can be forged by whoever writes there. */
function newestOf(store: RestoreStore, plan: Plan): LedgerSnapshot {
  const newest = store.snapshots.newest(plan.id);
  if (newest) return newest;
  throw new AppError('not_found', `"${plan.name}" has no snapshot yet`, {
    hint: `olares-backup backup ${shellWord(plan.name)}`,
    field: 'snapshot',
  });
}

function requireSnapshot(store: RestoreStore, idPrefix: string): LedgerSnapshot {
  const found = store.snapshots.find(idPrefix.toLowerCase());
  if (found === undefined || found === 'ambiguous') {
    const how = found === undefined ? 'is no snapshot' : 'is the beginning of more than one snapshot id';
    throw new AppError(found === undefined ? 'not_found' : 'invalid_input', `"${idPrefix}" ${how}`, {
      hint: 'see `olares-backup snapshot list`',
      field: 'snapshot',
    });
  }
  return found;
}

function requirePresent(snapshot: LedgerSnapshot): LedgerSnapshot {
  if (snapshot.state !== 'missing') return snapshot;
  throw new AppError(
    'not_found',
    `the snapshot ${snapshot.resticId.slice(0, 8)} disappeared from its repository`,
    {
      hint: 'see `olares-backup snapshot list` for those that are there',
      field: 'snapshot',
    },
  );
}

function ofLedger(plan: Plan, snapshot: LedgerSnapshot): Subject {
  const { resticId, takenAt, filesTotal, bytesTotal } = snapshot;
  const counts = { takenAt, filesTotal, bytesTotal };
  return { planId: plan.id, planName: plan.name, snapshotId: resticId, ...counts, backupUrl: null };
}

function ofUrl({ plans, store }: IntakeOptions, url: ParsedBackupUrl, text: string): Subject {
  const plan = plans.find(url.planId);
  const snapshot = store.snapshots.find(url.snapshotId);
  if (plan && snapshot !== undefined && snapshot !== 'ambiguous' && snapshot.planId === plan.id) {
    return ofLedger(plan, requirePresent(snapshot));
  }
  return {
    planId: null,
    planName: cleanText(url.planName, 100),
    snapshotId: url.snapshotId,
    takenAt: url.snapshotAt,
    filesTotal: null,
    bytesTotal: null,
    backupUrl: text,
  };
}

const refused = (message: string): AppError => new AppError('refused', message);

function oneWay(): AppError {
  return new AppError('invalid_input', 'name one thing to restore', {
    hint: 'a snapshot id, or `latest` with --plan, or a Backup URL',
    field: 'snapshot',
  });
}
