import type { CheckResult, Plan } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { JobContext, JobHandler, JobOutcome } from '../jobs/job-types.ts';
import { requireArmed } from './arm.ts';
import type {
  ArmingDoor,
  MaintenanceEngine,
  MaintenanceHealth,
  MaintenancePlans,
} from './maintenance-ports.ts';

export interface CheckHandlerOptions {
  readonly plans: Pick<MaintenancePlans, 'get'>;
  readonly engine: MaintenanceEngine;
  readonly door: ArmingDoor;
  readonly health: MaintenanceHealth;
  readonly clock: Clock;
  readonly config: { readonly engineHost: string };
}

/** Checks a repository: its structure, and as much of its data as `params.readDataPercent` says (default none). */
export function createCheckHandler(options: CheckHandlerOptions): JobHandler {
  return {
    run: async (context) => await check(options, context),
    onInterrupted: () => 'requeue',
  };
}

async function check(options: CheckHandlerOptions, context: JobContext): Promise<JobOutcome> {
  const { plans, engine, door, health, clock, config } = options;
  const plan = plans.get(context.job.planId ?? '');
  requireArmed(plan);
  const startedAt = clock.monotonic();
  const readDataPercent = percentOf(context.params);
  const credentials = door.credentialsFor(plan);
  const { problems } = await engine.run(
    { verb: 'check', access: await door.access(plan), host: config.engineHost, readDataPercent },
    { signal: context.signal, onProgress: context.progress, ...(credentials && { credentials }) },
  );
  const durationMs = Math.round(clock.monotonic() - startedAt);
  const result: CheckResult = { kind: 'check', durationMs, readDataPercent, problems };
  return {
    state: problems.length === 0 ? 'succeeded' : 'incomplete',
    result,
    ...(problems[0] !== undefined && { reason: `the repository has problems: ${problems[0]}` }),
    commit: () => settle(health, plan, problems),
  };
}

function settle(health: MaintenanceHealth, plan: Plan, problems: readonly string[]): void {
  if (problems.length === 0) health.clear('repository_damaged', plan.id);
  else {
    health.raise({
      code: 'repository_damaged',
      level: 'error',
      message: `the check of "${plan.name}" found ${problems.length} problems in its repository`,
      hint: 'keep all other copies of your data, and see `olares-backup job show` for the list',
      planId: plan.id,
    });
  }
}

function percentOf(params: unknown): number {
  const value = (params as { readDataPercent?: unknown } | null)?.readDataPercent;
  return typeof value === 'number' && value >= 0 && value <= 100 ? value : 0;
}
