import {
  AppError,
  BackupWish,
  IGNORE_ESTIMATE,
  parser,
  shellWord,
  type Job,
  type Plan,
  type RepositoryAccess,
} from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { JobContext, JobHandler, JobOutcome } from '../jobs/job-types.ts';
import { hasWrittenNothing, withVerdict } from './backup-errors.ts';
import { createRecorder, type Recorder } from './backup-record.ts';
import type {
  BackupEngine,
  BackupHealth,
  BackupPlans,
  BackupStore,
  Lineage,
  QuotaAnswer,
  QuotaCheck,
  RepositoryDoor,
} from './backup-ports.ts';
import { isOfJob, snapshotTags } from './snapshot-tags.ts';
import { lookAtSources, rememberedSources, sourcesKey, type SourceReport } from './sources.ts';

export interface BackupHandlerOptions {
  readonly plans: BackupPlans;
  readonly store: BackupStore;
  readonly engine: BackupEngine;
  readonly door: RepositoryDoor;
  readonly quota: QuotaCheck;
  readonly health: BackupHealth;
  readonly lineage?: Lineage;
  readonly clock: Clock;
  readonly config: {
    readonly engineHost: string;
    readonly limits: { readonly uploadKiBPerSecond: number | undefined };
  };
}

const backupWish = parser(BackupWish);

/** Takes one snapshot of a plan. */
export function createBackupHandler(options: BackupHandlerOptions): JobHandler {
  const recorder = createRecorder(options);
  return {
    run: async (context) => await takeSnapshot(options, recorder, context),
    onInterrupted: () => 'requeue',
    onEnded: (job) => reportFailure(options.health, job),
  };
}

async function takeSnapshot(
  options: BackupHandlerOptions,
  recorder: Recorder,
  context: JobContext,
): Promise<JobOutcome> {
  const { plans, quota, door } = options;
  const plan = plans.get(context.job.planId ?? '');
  requireArmed(plan);
  options.engine.prepare('backup');
  const startedAt = options.clock.monotonic();
  const ignoreEstimate = backupWish.check(context.params) && context.params.ignoreEstimate === true;
  const [sources, verdict] = await Promise.all([
    lookAt(options, plan),
    quota.check(plan, { signal: context.signal, ignoreEstimate }),
  ]);
  requireRoom(plan, verdict);
  try {
    const access = await door.access(plan);
    const made = await findMadeBefore(options, { plan, access, context });
    const summary = made ?? (await runEngine(options, { plan, access, context }));
    return recorder.outcome({
      plan,
      job: context.job,
      summary,
      sources,
      durationMs: Math.round(options.clock.monotonic() - startedAt),
      wasMadeBefore: made !== undefined,
    });
  } catch (error) {
    throw withVerdict(explainVanished(options.health, plan, error));
  }
}

function requireRoom({ name }: Plan, verdict: QuotaAnswer): void {
  if (verdict.fits) return;
  const { message, hint } = verdict;
  if (!verdict.byEstimate) throw new AppError('quota_exceeded', message, { hint });
  throw new AppError('quota_exceeded', message, {
    hint: `the estimate is too high where the same data is there twice: \`olares-backup backup ${shellWord(name)} --ignore-estimate\` starts all the same, and ends by itself when the storage is full; else: ${hint}`,
    field: IGNORE_ESTIMATE,
  });
}

function requireArmed(plan: Plan): void {
  if (plan.state !== 'unarmed') return;
  throw new AppError('refused', `the plan "${plan.name}" has no repository yet`, {
    hint: `its password was never set; give the same \`olares-backup plan add\` again to go on`,
  });
}

async function lookAt({ store, health }: BackupHandlerOptions, plan: Plan): Promise<SourceReport> {
  const fact = store.facts.get(sourcesKey(plan.id));
  const report = await lookAtSources(plan.paths, rememberedSources.check(fact) ? fact : {});
  if (!report.areAllMissing) return report;
  const message = `nothing to save: ${report.troubles.map((trouble) => trouble.message).join('; ')}`;
  const hint = 'check that the disk is mounted, or change the paths with `olares-backup plan edit`';
  health.raise({ code: 'source_missing', level: 'error', message, hint, planId: plan.id });
  throw new AppError('not_found', message, { hint, retry: 'after_action' });
}

interface EngineRun {
  readonly plan: Plan;
  readonly access: RepositoryAccess;
  readonly context: JobContext;
}

/** A snapshot this very job made just before a crash is recorded, not made twice. */
async function findMadeBefore(options: BackupHandlerOptions, { plan, access, context }: EngineRun) {
  if (!options.plans.row(plan.id).needsRepair) return undefined;
  const credentials = options.door.credentialsFor(plan);
  const list = await options.engine.run(
    { verb: 'snapshots', access, host: options.config.engineHost },
    { signal: context.signal, ...(credentials && { credentials }) },
  );
  const found = list.find(({ tags }) => isOfJob(tags, context.job.id));
  if (!found) return undefined;
  return {
    snapshotId: found.resticId,
    takenAt: found.takenAt,
    filesNew: 0,
    filesChanged: 0,
    filesUnmodified: 0,
    filesTotal: found.filesTotal ?? 0,
    bytesTotal: found.bytesTotal ?? 0,
    addedBytes: found.addedBytes ?? 0,
    skipped: { count: 0, first: [] },
  };
}

async function runEngine(options: BackupHandlerOptions, { plan, access, context }: EngineRun) {
  const { plans, config, door, engine, lineage } = options;
  const { needsRepair } = plans.row(plan.id);
  const credentials = door.credentialsFor(plan);
  const takenAt = options.clock.now();
  const uploadKiBPerSecond = config.limits.uploadKiBPerSecond;
  plans.setNeedsRepair(plan.id, true);
  using guard = options.quota.guard(plan);
  const signal = AbortSignal.any([context.signal, guard.signal]);
  try {
    const { snapshotId, ...counts } = await engine.run(
      {
        verb: 'backup',
        access,
        host: lineage?.hostOf(plan.id) ?? config.engineHost,
        paths: plan.paths,
        excludes: plan.excludes,
        tags: [
          ...snapshotTags({ plan, address: access.address, jobId: context.job.id }),
          ...(lineage ? [lineage.settingsTag(plan)] : []),
        ],
        repairFirst: needsRepair,
        ...(uploadKiBPerSecond !== undefined && { uploadKiBPerSecond }),
      },
      { signal, onProgress: context.progress, ...(credentials && { credentials }) },
    );
    if (snapshotId === undefined) throw new AppError('failed', 'the engine ended without a snapshot');
    return { ...counts, snapshotId, takenAt };
  } catch (error) {
    if (hasWrittenNothing(error)) plans.setNeedsRepair(plan.id, needsRepair);
    throw context.signal.aborted ? error : await guard.explain(error);
  }
}

/** An armed plan had a repository; if it is gone, making a new one would hide the loss of every snapshot. */
function explainVanished(health: BackupHealth, plan: Plan, error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== 'repository_missing') return error;
  const message = `the repository of "${plan.name}" is gone from ${plan.repository?.address ?? 'its place'}`;
  const hint = 'check that its disk is mounted and its storage intact; nothing was made anew in its place';
  health.raise({ code: 'repository_vanished', level: 'error', message, hint, planId: plan.id });
  return new AppError('repository_missing', message, { hint, cause: error });
}

function reportFailure(health: BackupHealth, job: Job): void {
  if (job.state !== 'failed' || job.planId === undefined) return;
  const why = job.error?.message ?? job.reason ?? 'for an unknown reason';
  health.raise({
    code: 'backup_failed',
    level: 'error',
    message: `the last backup of "${job.planName ?? job.planId}" failed: ${why}`,
    hint: job.error?.hint ?? `\`olares-backup job show ${job.id.slice(0, 8)}\``,
    planId: job.planId,
  });
}
