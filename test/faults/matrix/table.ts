import type { ErrorCode } from '../../../contract/index.ts';
import { FAULTS, type Fault } from '../../harness/fault-actions.ts';
import { TARGETS, type Target } from '../../harness/fault-targets.ts';

/** When the fault is there, seen from a backup: from before its start, from the middle of its upload, after its end. */
export const TIMES = ['before', 'during', 'after'] as const;
export type Time = (typeof TIMES)[number];

/** How the work that meets the fault goes while the fault lasts. */
export type Course =
  /** It ends as if nothing were. */
  | 'goes on'
  /** The job steps back and is tried again by itself. */
  | 'waits'
  /** It runs, stands still and says why. */
  | 'holds'
  /** The question is answered by an error; nothing goes on by itself. */
  | 'is refused'
  /** The job ends: a person has to do something first. */
  | 'fails'
  /** One of the two, by what comes first: the report's answer or the start of the upload. */
  | 'goes on or fails';

export interface Expectation {
  readonly course: Course;
  readonly code?: ErrorCode;
  /** Of the job's reason or stall, or of the refusal. */
  readonly says?: RegExp;
  /** Health condition that is there meanwhile, and gone after. */
  readonly condition?: string;
  readonly conditionSays?: RegExp;
  /** What it takes beside the end of the fault. */
  readonly heal?: 'sign in';
}

export type Cell = Expectation | { readonly senseless: string };

/** What a person is told when a call to Space meets the fault. */
const SPACE_SAYS: Record<Fault, RegExp> = {
  refuse: /connection was cut/,
  'reset after n bytes': /connection was cut/,
  'black hole': /did not answer in time/,
  '1 byte/s': /did not answer in time/,
  '30 s delay': /did not answer in time/,
  '500': /HTTP 500/,
  '503 with Retry-After': /HTTP 503/,
  '429': /HTTP 429/,
  '200 with HTML': /not what a Space answers/,
  '200 with null data': /issued no storage keys/,
  '506': /no longer accepts this sign-in/,
  'expired token': /no longer accepts this sign-in/,
  'wrong certificate': /certificate is not trusted/,
};

const SLOW: ReadonlySet<Fault> = new Set(['black hole', '1 byte/s', '30 s delay']);
const ENDS_SIGN_IN: ReadonlySet<Fault> = new Set(['506', 'expired token']);

const WAITING_REPORTS = {
  course: 'goes on',
  condition: 'reports_waiting',
  conditionSays: /Backups go on; reports are kept/,
} as const;
const SIGN_IN_AGAIN = {
  condition: 'sign_in_again',
  conditionSays: /Plans are kept/,
  heal: 'sign in',
} as const;
const NO_SIGN_IN = {
  ...SIGN_IN_AGAIN,
  course: 'fails',
  code: 'not_signed_in',
  says: SPACE_SAYS['506'],
} as const;

type Row = (fault: Fault) => Cell;

const unreachable =
  (course: Course): Row =>
  (fault) => ({ course, code: 'unreachable', says: SPACE_SAYS[fault] });

/** Asked for at the start of a backup, and by whoever looks into a repository. */
const stsBefore: Row = (fault) => {
  if (ENDS_SIGN_IN.has(fault)) return NO_SIGN_IN;
  // Within the minute that a call may take.
  return fault === '30 s delay' ? { course: 'goes on' } : unreachable('waits')(fault);
};
const stsDuring: Row = (fault) => {
  if (ENDS_SIGN_IN.has(fault)) return { ...SIGN_IN_AGAIN, course: 'holds', says: /sign in again to go on/ };
  return fault === '30 s delay'
    ? { course: 'goes on' }
    : { course: 'holds', says: /Olares Space to issue storage keys/ };
};
const stsAfter: Row = (fault) => {
  if (ENDS_SIGN_IN.has(fault)) return { ...NO_SIGN_IN, course: 'is refused' };
  return fault === '30 s delay' ? { course: 'goes on' } : unreachable('is refused')(fault);
};

/** The account's token is asked when the old keys are not renewed, and nobody notices. */
const refreshDuring: Row = (fault) =>
  fault === 'wrong certificate'
    ? { course: 'holds', says: /Olares Space to issue storage keys/ }
    : { course: 'goes on' };

const ONLY_RUNNING = 'keys are renewed by the keys alone only while something runs with them';
const NO_DATA = 'the answer to a report has no data: this is what done looks like';
const usageBefore: Row = (fault) => {
  if (ENDS_SIGN_IN.has(fault)) return NO_SIGN_IN;
  // One certificate for all of Space's calls: the keys cannot be asked for either.
  return fault === 'wrong certificate' ? unreachable('waits')(fault) : { course: 'goes on' };
};
const usageLater: Row = (fault) =>
  ENDS_SIGN_IN.has(fault) ? { ...SIGN_IN_AGAIN, course: 'goes on' } : { course: 'goes on' };

const saveBefore: Row = (fault) => {
  if (fault === '200 with null data') return { senseless: NO_DATA };
  return ENDS_SIGN_IN.has(fault) ? NO_SIGN_IN : WAITING_REPORTS;
};
const saveLater: Row = (fault) => {
  if (fault === '200 with null data') return { senseless: NO_DATA };
  return ENDS_SIGN_IN.has(fault) ? { ...SIGN_IN_AGAIN, course: 'goes on' } : WAITING_REPORTS;
};
const snapshotSave =
  (time: Time): Row =>
  (fault) => {
    if (fault === 'expired token') return { senseless: 'this report carries no token' };
    if (fault !== '506') return saveLater(fault);
    // The report that another plan's backup is queued; it has not begun when the sign-in is known to be refused.
    if (time === 'during') return NO_SIGN_IN;
    return { ...SIGN_IN_AGAIN, course: time === 'before' ? 'goes on or fails' : 'goes on' };
  };

const STORAGE_SENSELESS: Partial<Record<Fault, string>> = {
  '200 with null data': "S3 knows no envelope; a wrong object in the repository's place is a test of its own",
  '506': 'a code of Space, which S3 does not know',
};
const LYING_PUT =
  'a storage that confirms what it did not keep looks like a good one until `check` reads it again';

/** Words of a standstill, after 15 s of it. */
const STORAGE_STALLS: Partial<Record<Fault, RegExp>> = {
  refuse: /connection to the storage broke/,
  'reset after n bytes': /connection to the storage broke/,
  '500': /a fault of its own/,
  '503 with Retry-After': /asks us to slow down/,
  '429': /asks us to slow down/,
  'expired token': /temporary access to the storage has run out/,
  'wrong certificate': /certificate that cannot be trusted/,
};
const CERTIFICATE = /certificate cannot be trusted/;
const storagePut: Row = (fault) => {
  const senseless = STORAGE_SENSELESS[fault] ?? (fault === '200 with HTML' ? LYING_PUT : undefined);
  if (senseless !== undefined) return { senseless };
  // A silent line gives restic nothing to say; it is tried anew after a minute.
  const says = STORAGE_STALLS[fault];
  return { course: 'holds', ...(says && { says }) };
};

/** It is probed before restic may wait for it. */
const storagePutBefore: Row = (fault) =>
  fault === 'wrong certificate' ? { ...unreachable('waits')(fault), says: CERTIFICATE } : storagePut(fault);

/** The check's lock. While `restic check` tries again it says nothing in its JSON mode, so there is nothing to pass on. */
const storagePutOfCheck: Row = (fault) => {
  const cell = storagePut(fault);
  return 'senseless' in cell ? cell : { course: 'holds' };
};

const PROBE_SAYS: Partial<Record<Fault, RegExp>> = {
  'wrong certificate': CERTIFICATE,
  '503 with Retry-After': /storage/,
};
const storageGet =
  (course: Course): Row =>
  (fault) => {
    const senseless = STORAGE_SENSELESS[fault];
    if (senseless !== undefined) return { senseless };
    if (fault === 'expired token') return { course, code: 'not_signed_in', says: /temporary access/ };
    const says = SLOW.has(fault) ? /did not answer within 10 seconds/ : (PROBE_SAYS[fault] ?? /storage/);
    return { course, code: 'unreachable', says };
  };

const LINK_SAYS: Partial<Record<Fault, RegExp>> = {
  'black hole': /no sign of life|did not answer in time/,
  '1 byte/s': /no sign of life|did not answer in time/,
  '30 s delay': /no sign of life|did not answer in time/,
  '200 with HTML': /HTTP 200/,
  '200 with null data': /HTTP 200/,
  '506': /HTTP 200/,
};
const webSocket: Row = (fault) => {
  if (fault === 'expired token')
    return { senseless: 'a machine signs in to the socket by its key, not by a token' };
  const conditionSays = LINK_SAYS[fault] ?? SPACE_SAYS[fault];
  return { course: 'goes on', condition: 'space_unreachable', conditionSays };
};

const ROWS: Record<Target, Record<Time, Row>> = {
  STS: { before: stsBefore, during: stsDuring, after: stsAfter },
  'STS refresh': {
    before: () => ({ senseless: ONLY_RUNNING }),
    during: refreshDuring,
    after: () => ({ senseless: ONLY_RUNNING }),
  },
  usage: { before: usageBefore, during: usageLater, after: usageLater },
  save: { before: saveBefore, during: saveLater, after: saveLater },
  'snapshot save': {
    before: snapshotSave('before'),
    during: snapshotSave('during'),
    after: snapshotSave('after'),
  },
  'storage PUT': { before: storagePutBefore, during: storagePut, after: storagePutOfCheck },
  'storage GET': {
    before: storageGet('waits'),
    during: storageGet('is refused'),
    after: storageGet('is refused'),
  },
  WebSocket: { before: webSocket, during: webSocket, after: webSocket },
};

export interface MatrixCell {
  readonly name: string;
  readonly target: Target;
  readonly time: Time;
  readonly fault: Fault;
  readonly cell: Cell;
}

/** Every fault at every place at every time. */
export const MATRIX: readonly MatrixCell[] = TARGETS.flatMap((target) =>
  TIMES.flatMap((time) =>
    FAULTS.map((fault) => ({
      name: `${fault} at ${target} ${time} a backup`,
      target,
      time,
      fault,
      cell: ROWS[target][time](fault),
    })),
  ),
);
