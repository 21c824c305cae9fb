import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { JOB_END_STATES, type Job } from '../../contract/index.ts';
import { eventually } from '../harness/eventually.ts';
import { helperRuns, type HelperRun } from '../harness/process-table.ts';
import type { Outcome, TestSystem } from '../harness/system.ts';

const MIB = 2 ** 20;

/** Content that nothing compresses, so that its upload takes its time. */
export function fill(folder: string, megabytes: number, name = 'noise'): void {
  for (let n = 0; n < megabytes; n++) writeFileSync(join(folder, `${name}-${n}`), randomBytes(MIB));
}

/** Whatever went wrong, a person never sees what restic says to programs, nor a stack. */
export function expectWords({ stdout, stderr }: Outcome): void {
  for (const text of [stdout, stderr]) {
    expect(text).not.toContain('message_type');
    expect(text).not.toMatch(/\n\s+at .*\d+:\d+/);
  }
}

export async function startBackup(system: TestSystem, plan: string): Promise<Job> {
  return await system.api.call('backupPlan', { params: { plan } });
}

export async function jobOf(system: TestSystem, id: string): Promise<Job> {
  return await system.api.call('getJob', { params: { job: id } });
}

/** The time covers a restic that politely takes 65 s to give up a lock it can no longer reach. */
export async function ended(system: TestSystem, id: string, withinMs = 120_000): Promise<Job> {
  return await eventually(
    async () => {
      const job = await jobOf(system, id).catch(() => undefined);
      return job && JOB_END_STATES.has(job.state) && job;
    },
    `the end of job ${id}`,
    withinMs,
  );
}

/** A backup that runs, with bytes on their way. */
export async function moving(system: TestSystem, id: string): Promise<HelperRun> {
  return await eventually(
    async () => {
      const job = await jobOf(system, id);
      if (JOB_END_STATES.has(job.state)) throw new Error(`too early: the job is ${job.state}`);
      const run = helperRuns(system.stateDir).find(({ verb }) => verb === 'backup');
      return (job.progress?.bytesDone ?? 0) > 0 && run;
    },
    'bytes on their way',
    30_000,
  );
}
