import type { BackupResult, Job, Plan } from '../../contract/index.ts';
import type { JobOutcome } from '../jobs/job-types.ts';
import type { BackupHealth, BackupPlans, BackupStore, LedgerRow, RecordedSnapshot } from './backup-ports.ts';
import { sourcesKey, type SourceReport, type SourceTrouble } from './sources.ts';

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
  readonly snapshotUuid: string;
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
      const { plan, summary, snapshotUuid, sources, durationMs } = made;
      const { takenAt, ...counts } = summary;
      const warnings = warningsOf(made, store.snapshots.newest(plan.id));
      const isIncomplete = summary.skipped.count > 0 || warnings.some(({ isTrouble }) => isTrouble);
      const reason = reasonOf(summary.skipped.count, warnings);
      const texts = warnings.map(({ text }) => text);
      return {
        state: isIncomplete ? 'incomplete' : 'succeeded',
        result: { kind: 'backup', snapshotUuid, ...counts, durationMs, warnings: texts },
        ...(reason !== undefined && { reason }),
        commit: (append) => {
          const snapshot = snapshotOf(made, takenAt, isIncomplete);
          insertOnce(store, snapshot);
          append('snapshot.recorded', { snapshot });
          plans.setNeedsRepair(plan.id, false);
          if (sources.troubles.length === 0) store.facts.set(sourcesKey(plan.id), sources.remember);
          settleHealth(health, plan, sources.troubles);
        },
      };
    },
  };
}

interface Warning {
  readonly text: string;
  /** Keeps the job from being green. */
  readonly isTrouble: boolean;
}

function warningsOf({ summary, sources, wasMadeBefore }: Made, before: LedgerRow | undefined): Warning[] {
  const warnings = sources.troubles.map(({ message }) => ({ text: message, isTrouble: true }));
  const filesBefore = before?.filesTotal ?? 0;
  if (summary.filesTotal === 0 && filesBefore > 0) {
    warnings.push({ text: `no files were found where there were ${filesBefore} before`, isTrouble: true });
  }
  if (wasMadeBefore) {
    const text = 'made just before the agent was interrupted; which files were unreadable is not known';
    warnings.push({ text, isTrouble: false });
  }
  return warnings;
}

function reasonOf(skippedCount: number, warnings: readonly Warning[]): string | undefined {
  const skipped = skippedCount === 1 ? '1 file could not be read' : `${skippedCount} files could not be read`;
  const sentences = [...(skippedCount > 0 ? [skipped] : []), ...warnings.map(({ text }) => text)];
  return sentences.length > 0 ? sentences.join('; ') : undefined;
}

function snapshotOf({ plan, job, summary, snapshotUuid }: Made, takenAt: number, incomplete: boolean) {
  return {
    id: snapshotUuid,
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

function settleHealth(health: BackupHealth, plan: Plan, troubles: readonly SourceTrouble[]): void {
  for (const code of HEALED_BY_A_SNAPSHOT) health.clear(code, plan.id);
  for (const code of ['source_missing', 'source_empty'] as const) {
    const messages = troubles.filter((trouble) => trouble.code === code).map(({ message }) => message);
    if (messages.length === 0) health.clear(code, plan.id);
    else {
      health.raise({
        code,
        level: 'warning',
        message: `"${plan.name}": ${messages.join('; ')}`,
        hint: 'earlier snapshots still hold the files; check the disk, or if this is meant, take the path out of the plan',
        planId: plan.id,
      });
    }
  }
}
