import {
  BACKUP_TYPE,
  decodeUrlPart,
  JOB_END_STATES,
  WIRE_CODES,
  WIRE_PATHS,
  type AgentEvent,
  type BackupResult,
  type Job,
  type JobState,
  type Plan,
  type SnapshotPhase,
} from '../../contract/index.ts';

/** One call to make, derived from an event; null when the event is none of Space's business. */
export type Report =
  | { readonly path: typeof WIRE_PATHS.backupSave; readonly json: Record<string, unknown> }
  | {
      readonly path: typeof WIRE_PATHS.snapshotSave | typeof WIRE_PATHS.backupStop;
      readonly form: Record<string, string>;
    };

export interface ReportContext {
  readonly userid: string;
  readonly token: string;
  plan(id: string): Plan | undefined;
  /** The plan's snapshots up to this job's: later ones must not change what a late or repeated report says. */
  ledgerUpTo(planId: string, jobId: string): { readonly hasEarlier: boolean; readonly storedBytes: number };
}

/** Codes of an answer that mean Space has the record. */
export const REPORT_OK = [WIRE_CODES.exists];

/** The reports an event gives rise to, in order. Idempotent by id: sent twice they change nothing. */
export function reportsOf(event: AgentEvent, context: ReportContext): Report[] {
  switch (event.kind) {
    case 'plan.changed':
      return isReported(event.body.plan) ? [planSaved(event.body.plan, context)] : [];
    case 'plan.removed':
      return event.body.location === 'space' ? [planStopped(event.body.planId, context)] : [];
    case 'job.state':
      return jobReports(event.body.job, context);
    default:
      return [];
  }
}

const isReported = (plan: Plan): boolean => plan.location.kind === 'space' && plan.state !== 'unarmed';

function planSaved(plan: Plan, { userid, token }: ReportContext): Report {
  return {
    path: WIRE_PATHS.backupSave,
    json: {
      userid,
      token,
      backupId: plan.id,
      name: plan.name,
      backupType: BACKUP_TYPE.file,
      backupTime: Math.floor(plan.createdAt / 1000),
      backupPath: plan.paths[0] ?? '',
      backupLocation: 'space',
    },
  };
}

function planStopped(backupId: string, { userid, token }: ReportContext): Report {
  return { path: WIRE_PATHS.backupStop, form: { userid, token, backupId } };
}

function jobReports(job: Job, context: ReportContext): Report[] {
  const plan = job.planId === undefined ? undefined : context.plan(job.planId);
  if (job.kind !== 'backup' || !plan || !isReported(plan)) return [];
  if (job.state === 'queued' && job.attempt === 0)
    return [snapshotSaved({ job, plan, context, status: 'Pending' })];
  if (!JOB_END_STATES.has(job.state)) return [];
  return [snapshotSaved({ job, plan, context, status: PHASES[job.state] ?? 'Failed' })];
}

/** An incomplete snapshot is a snapshot: Space's list has no other word for it, the message says the rest. */
const PHASES: Partial<Record<JobState, SnapshotPhase>> = {
  succeeded: 'Completed',
  incomplete: 'Completed',
  failed: 'Failed',
  cancelled: 'Canceled',
};

function snapshotSaved(input: {
  job: Job;
  plan: Plan;
  context: ReportContext;
  status: SnapshotPhase;
}): Report {
  const { job, plan, context, status } = input;
  const result = job.result?.kind === 'backup' ? job.result : undefined;
  const { hasEarlier, storedBytes } = context.ledgerUpTo(plan.id, job.id);
  return {
    path: WIRE_PATHS.snapshotSave,
    form: {
      userid: context.userid,
      backupId: plan.id,
      snapshotId: job.id,
      resticSnapshotId: result?.snapshotId ?? '',
      size: String(result?.bytesTotal ?? 0),
      realSnapshotSize: String(result ? storedBytes : 0),
      unit: 'byte',
      snapshotTime: String(Math.floor(job.createdAt / 1000)),
      status,
      type: typeOf(status, hasEarlier),
      ...(result ? placeFields(plan) : { url: '', cloud: '', region: '', bucket: '', prefix: '' }),
      message: messageOf(job, result),
    },
  };
}

function typeOf(status: SnapshotPhase, hasEarlier: boolean): string {
  if (status !== 'Completed') return 'unknown';
  return hasEarlier ? 'incremental' : 'fully';
}

type PlaceField = 'url' | 'cloud' | 'region' | 'bucket' | 'prefix';

/** Place of the repository as Space wants it back, from the pinned address `s3:https://host/bucket/prefix/…`. */
function placeFields(plan: Plan): Record<PlaceField, string> {
  const url = (plan.repository?.address ?? '').replace(/^s3:/, '');
  if (!URL.canParse(url)) return { url, cloud: '', region: '', bucket: '', prefix: '' };
  const { hostname, pathname } = new URL(url);
  const [bucket = '', prefix = ''] = pathname.split('/').slice(1);
  return { url, ...vendorOf(hostname), bucket, prefix: decodeUrlPart(prefix) };
}

/** Cloud and region are part of the vendors' host names; a Space with storage of its own has no region to tell. */
function vendorOf(hostname: string): { cloud: string; region: string } {
  const [, region = ''] = hostname.split('.');
  if (hostname.endsWith('.myqcloud.com')) return { cloud: 'tencentcloud', region };
  return { cloud: 'aws', region: hostname.endsWith('.amazonaws.com') ? region : '' };
}

/** Counts and codes only: no path of the user ever leaves the machine in a message. */
function messageOf(job: Job, result: BackupResult | undefined): string {
  if (!result) return job.error ? job.error.code : job.state === 'cancelled' ? 'cancelled' : '';
  return JSON.stringify({
    message_type: 'summary',
    files_new: result.filesNew,
    files_changed: result.filesChanged,
    files_unmodified: result.filesUnmodified,
    total_files_processed: result.filesTotal,
    total_bytes_processed: result.bytesTotal,
    data_added_packed: result.addedBytes,
    files_skipped: result.skipped.count,
    incomplete: job.state === 'incomplete',
  });
}
