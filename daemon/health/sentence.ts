import type { HealthCondition, HealthLevel, Job, Plan } from '../../contract/index.ts';

export interface HealthView {
  readonly conditions: readonly HealthCondition[];
  /** Jobs that have not ended. */
  readonly jobs: readonly Job[];
  readonly plans: readonly Plan[];
}

/** What a person reads first: the worst that is so, in one sentence. Work in progress is told only while nothing is wrong. */
export function healthSentence({ conditions, jobs, plans }: HealthView): {
  level: HealthLevel;
  sentence: string;
} {
  const worst = conditions.find((condition) => condition.level === 'error') ?? newest(conditions);
  if (worst?.level === 'error') return { level: 'error', sentence: `Needs attention: ${worst.message}` };
  const running = jobs.find((job) => job.state === 'running' || job.state === 'cancelling');
  if (running) return { level: 'busy', sentence: runningSentence(running) };
  if (plans.length === 0) return { level: 'waiting', sentence: 'No backup plan yet.' };
  const retried = jobs.find((job) => job.state === 'waiting' && job.error !== undefined);
  if (retried) return { level: worst ? 'warning' : 'waiting', sentence: retrySentence(retried) };
  if (worst) return { level: 'warning', sentence: `Backed up, with a warning: ${worst.message}` };
  return quietSentence(plans);
}

/** Of several warnings the latest: one that has stood for months must not hide what happened last night. */
const newest = (warnings: readonly HealthCondition[]): HealthCondition | undefined =>
  warnings.toSorted((a, b) => a.since - b.since).at(-1);

const nameOf = (job: Job): string => (job.planName === undefined ? 'a plan' : `"${job.planName}"`);

/** Until the job ends its failure is no condition yet, but all is not well either. */
function retrySentence(job: Job): string {
  return `The ${job.kind} of ${nameOf(job)} will be tried again: ${job.reason ?? 'it failed'}.`;
}

function runningSentence(job: Job): string {
  const name = nameOf(job);
  switch (job.kind) {
    case 'backup':
      return `Backing up ${name} now.`;
    case 'restore':
      return `Restoring from ${name} now.`;
    case 'check':
      return `Checking the repository of ${name} now.`;
  }
}

function quietSentence(plans: readonly Plan[]): { level: HealthLevel; sentence: string } {
  const active = plans.filter((plan) => plan.state !== 'unarmed');
  const waiting = active.filter((plan) => plan.lastGoodAt === undefined);
  if (active.length === 0)
    return { level: 'waiting', sentence: 'No plan is ready yet: a plan still waits for its password.' };
  if (waiting.length > 0)
    return { level: 'waiting', sentence: `Waiting for the first backup of ${namesOf(waiting)}.` };
  const paused = active.filter((plan) => plan.state === 'paused');
  if (paused.length === active.length)
    return { level: 'warning', sentence: 'All plans are paused: nothing new is backed up.' };
  if (paused.length > 0)
    return { level: 'good', sentence: `Everything is backed up; ${namesOf(paused)} paused.` };
  return { level: 'good', sentence: 'Everything is backed up.' };
}

function namesOf(plans: readonly Plan[]): string {
  const names = plans.map((plan) => `"${plan.name}"`);
  return names.length <= 2 ? names.join(' and ') : `${names.length} plans`;
}
