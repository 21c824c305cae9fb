import type {
  BackupResult,
  Job,
  Plan,
  RestorePreview,
  RestoreRequest,
  RestoreResult,
  Snapshot,
  Status,
  Usage,
} from '../../contract/index.ts';

/** 20 November 2026, 12:00 UTC: the clock of every sample. */
export const NOW = Date.UTC(2026, 10, 20, 12);
const HOUR = 3_600_000;

export const PLAN_ID = '11111111-2222-4333-8444-555555555555';
export const JOB_ID = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
export const REQUEST_ID = '99999999-8888-4777-8666-555555555555';
export const SNAPSHOT_UUID = '12345678-1234-4234-8234-123456789abc';
export const SNAPSHOT_ID = 'fe12ab34'.padEnd(64, '0');
export const KEY_ID = 'ab'.repeat(32);

export const samplePlan = (changes: Partial<Plan> = {}): Plan => ({
  id: PLAN_ID,
  name: 'photos',
  paths: ['/home/me/Photos'],
  excludes: [],
  schedule: { kind: 'daily', at: '02:00' },
  zone: 'Europe/Berlin',
  location: { kind: 'space' },
  state: 'armed',
  createdAt: NOW - 100 * HOUR,
  updatedAt: NOW - 100 * HOUR,
  repository: { id: 'cd'.repeat(32), address: 's3:https://space.example/bucket/photos' },
  keys: [{ id: KEY_ID, role: 'user', createdAt: NOW - 100 * HOUR }],
  nextDueAt: NOW + 13 * HOUR,
  lastTryAt: NOW - 3 * HOUR,
  lastGoodAt: NOW - 27 * HOUR,
  snapshotCount: 3,
  storedBytes: 5_000_000,
  ...changes,
});

/** As the daemon has it before its keys were written. */
export function unarmedPlan(): Plan {
  const {
    repository: _repository,
    nextDueAt: _next,
    lastTryAt: _try,
    lastGoodAt: _good,
    ...rest
  } = samplePlan();
  return { ...rest, state: 'unarmed', keys: [], snapshotCount: 0, storedBytes: 0 };
}

export const backupResult = (changes: Partial<BackupResult> = {}): BackupResult => ({
  kind: 'backup',
  snapshotUuid: SNAPSHOT_UUID,
  snapshotId: SNAPSHOT_ID,
  filesNew: 1200,
  filesChanged: 4,
  filesUnmodified: 30,
  filesTotal: 1234,
  bytesTotal: 5_000_000_000,
  addedBytes: 1_500_000,
  durationMs: 12_345,
  skipped: { count: 0, first: [] },
  warnings: [],
  ...changes,
});

export const restoreResult = (changes: Partial<RestoreResult> = {}): RestoreResult => ({
  kind: 'restore',
  target: '/home/me/Photos-restored',
  filesRestored: 1234,
  bytesRestored: 5_000_000,
  filesVerified: 100,
  durationMs: 2_000,
  skipped: { count: 0, first: [] },
  stripped: { count: 0, first: [] },
  warnings: [],
  ...changes,
});

export const sampleJob = (changes: Partial<Job> = {}): Job => ({
  id: JOB_ID,
  kind: 'backup',
  planId: PLAN_ID,
  planName: 'photos',
  cause: 'user',
  state: 'running',
  attempt: 1,
  createdAt: NOW - 60_000,
  startedAt: NOW - 50_000,
  ...changes,
});

export const sampleSnapshot = (changes: Partial<Snapshot> = {}): Snapshot => ({
  id: SNAPSHOT_UUID,
  resticId: SNAPSHOT_ID,
  planId: PLAN_ID,
  planName: 'photos',
  state: 'present',
  takenAt: NOW - 27 * HOUR,
  paths: ['/home/me/Photos'],
  filesTotal: 1234,
  bytesTotal: 5_000_000_000,
  addedBytes: 1_500_000,
  incomplete: false,
  ...changes,
});

export const sampleRequest = (changes: Partial<RestoreRequest> = {}): RestoreRequest => ({
  id: REQUEST_ID,
  code: '7F3K',
  state: 'proposed',
  origin: 'space',
  planId: PLAN_ID,
  planName: 'photos',
  snapshotId: SNAPSHOT_ID,
  takenAt: NOW - 27 * HOUR,
  filesTotal: 1234,
  bytesTotal: 5_000_000,
  newerSnapshots: 2,
  userKeyCreatedAt: NOW - 100 * HOUR,
  note: 'please restore',
  createdAt: NOW - 60_000,
  expiresAt: NOW + 24 * HOUR,
  ...changes,
});

export const samplePreview = (changes: Partial<RestorePreview> = {}): RestorePreview => ({
  target: '/home/me/Photos-restored',
  targetExists: false,
  inPlace: false,
  filesTotal: 1234,
  bytesTotal: 5_000_000,
  filesNew: 1234,
  filesChanged: 0,
  filesUnchanged: 0,
  filesExtra: 0,
  freeBytes: 50_000_000_000,
  freeInodes: 1_000_000,
  fits: true,
  warnings: [],
  ...changes,
});

export const sampleUsage = (changes: Partial<Usage> = {}): Usage => ({
  source: 'space',
  totalBytes: 10 * 1024 ** 3,
  usedBytes: 4 * 1024 ** 3,
  freeBytes: 6 * 1024 ** 3,
  canBackup: true,
  planLevel: 1,
  reclaimableBytes: 0,
  measuredAt: NOW - 120_000,
  byPlan: [{ planId: PLAN_ID, planName: 'photos', storedBytes: 5_000_000 }],
  ...changes,
});

export const sampleStatus = (changes: Partial<Status> = {}): Status => ({
  version: '0.1.0',
  engineVersion: '0.19.1',
  machine: 'olares-one',
  startedAt: NOW - HOUR,
  now: NOW,
  eventSeq: 0,
  level: 'good',
  sentence: 'All plans are backed up.',
  conditions: [],
  account: {
    spaceUrl: 'https://space.example',
    userid: 'did:key:z6Mk',
    olaresName: 'alice@olares.com',
    paired: true,
    state: 'signed-in',
  },
  link: { state: 'live', since: NOW - HOUR, pendingReports: 0 },
  usage: sampleUsage(),
  plans: [samplePlan()],
  jobs: [],
  requests: [],
  asked: [],
  ...changes,
});
