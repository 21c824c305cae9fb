import type { BackupResult, Job, Plan } from '../../contract/index.ts';
import type { JobOutcome } from '../jobs/job-types.ts';
import type { BackupHealth, BackupPlans, BackupStore, LedgerRow, RecordedSnapshot } from './backup-ports.ts';
import { sourcesKey, type SourceReport } from './sources.ts';

export interface RecorderOptions {
  readonly plans: BackupPlans;
  readonly store: BackupStore;
  readonly health: BackupHealth;
}

export interface Made {
  readonly plan: Plan;
  readonly job: Job;
  readonly summary: Omit<BackupResult, 'kind' | 'durationMs' | 'warnings' | 'snapshotUuid'> & {
    readonly takenAt: number;
  };
  readonly sources: SourceReport;
  readonly durationMs: number;
  /** Found in the repository after a crash; how many files were unreadable is not known any more. */
  readonly wasMadeBefore: boolean;
}

export interface Recorder {
  outcome(made: Made): JobOutcome;
}

/** Turns what the engine made into the job's outcome and, in the job's last transaction, a line of the ledger. */
export function createRecorder({ plans, store, health }: RecorderOptions): Recorder {
  return {
    outcome(made) {
      const { plan, job, summary, durationMs } = made;
      const { takenAt, ...counts } = summary;
      const findings = findingsOf(made, store.snapshots.newest(plan.id));
      // Done is only what was seen to be done whole.
      const isIncomplete = findings.length > 0 || made.wasMadeBefore;
      const warnings = findings.filter(({ code }) => code !== 'files_unreadable').map(({ text }) => text);
      const remarks = made.wasMadeBefore ? [MADE_BEFORE] : [];
      const reason = [...findings.map(({ text }) => text), ...remarks].join('; ');
      return {
        state: isIncomplete ? 'incomplete' : 'succeeded',
        result: {
          kind: 'backup',
          snapshotUuid: job.id,
          ...counts,
          durationMs,
          warnings: [...warnings, ...remarks],
        },
        ...(reason !== '' && { reason }),
        commit: (append) => {
          const snapshot = snapshotOf(made, takenAt, isIncomplete);
          insertOnce(store, snapshot);
          append('snapshot.recorded', { snapshot });
          plans.setNeedsRepair(plan.id, false);
          rememberSources(store, made, findings);
          settleHealth(health, plan, findings);
        },
      };
    },
  };
}

const MADE_BEFORE = 'made just before the agent was interrupted; which files were unreadable is not known';

/** Something that keeps the job from being green. */
interface Finding {
  readonly code: 'source_missing' | 'source_empty' | 'files_unreadable';
  readonly text: string;
}

function findingsOf({ summary, sources }: Made, before: LedgerRow | undefined): Finding[] {
  const { count } = summary.skipped;
  const filesBefore = before?.filesTotal ?? 0;
  const isEmptied = summary.filesTotal === 0 && filesBefore > 0;
  const unreadable = count === 1 ? '1 file could not be read' : `${count} files could not be read`;
  const emptied = `no files were found where there were ${filesBefore} before`;
  return [
    ...(count > 0 ? [{ code: 'files_unreadable' as const, text: unreadable }] : []),
    ...sources.troubles.map(({ code, message }) => ({ code, text: message })),
    ...(isEmptied ? [{ code: 'source_empty' as const, text: emptied }] : []),
  ];
}

/** Only a state that was saved without trouble is what the next one is compared with. */
function rememberSources(store: BackupStore, { plan, sources }: Made, findings: readonly Finding[]): void {
  const isTrouble = findings.some(({ code }) => code !== 'files_unreadable');
  if (!isTrouble) store.facts.set(sourcesKey(plan.id), sources.remember);
}

function snapshotOf({ plan, job, summary }: Made, takenAt: number, incomplete: boolean) {
  return {
    // One job makes one snapshot, so that reports from before and after its end name the same thing.
    id: job.id,
    resticId: summary.snapshotId,
    planId: plan.id,
    planName: plan.name,
    state: 'present',
    takenAt,
    paths: plan.paths,
    filesTotal: summary.filesTotal,
    bytesTotal: summary.bytesTotal,
    addedBytes: summary.addedBytes,
    jobId: job.id,
    incomplete,
  } satisfies RecordedSnapshot;
}

/** A look at the repository may have found the snapshot before its job ended. */
function insertOnce(store: BackupStore, snapshot: ReturnType<typeof snapshotOf>): void {
  const known = store.snapshots.find(snapshot.id) ?? store.snapshots.find(snapshot.resticId);
  if (known !== undefined && known !== 'ambiguous') store.snapshots.remove(known.id);
  const { id, resticId, planId, jobId, takenAt, paths, incomplete, state } = snapshot;
  const { filesTotal, bytesTotal, addedBytes } = snapshot;
  const counts = { filesTotal, bytesTotal, addedBytes };
  store.snapshots.insert({ id, resticId, planId, jobId, takenAt, paths, ...counts, incomplete, state });
}

const HEALED_BY_A_SNAPSHOT = ['backup_failed', 'backup_overdue', 'repository_vanished'] as const;
const HINTS = {
  source_missing: 'earlier snapshots still hold the files; check the disk, or take the path out of the plan',
  source_empty: 'earlier snapshots still hold the files; check the disk, or take the path out of the plan',
  files_unreadable:
    'see `olares-backup job list` for their names; exclude them or give the agent the right to read',
} as const satisfies Record<Finding['code'], string>;

function settleHealth(health: BackupHealth, plan: Plan, findings: readonly Finding[]): void {
  for (const code of HEALED_BY_A_SNAPSHOT) health.clear(code, plan.id);
  // Of several the last one raised is the one a person reads first.
  for (const code of ['files_unreadable', 'source_empty', 'source_missing'] as const) {
    const texts = findings.filter((finding) => finding.code === code).map(({ text }) => text);
    if (texts.length === 0) health.clear(code, plan.id);
    else {
      const message = `"${plan.name}": ${texts.join('; ')}`;
      health.raise({ code, level: 'warning', message, hint: HINTS[code], planId: plan.id });
    }
  }
}
