import type { Schedule } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import { nextDue } from './next-due.ts';

export interface DueTimesOptions {
  readonly clock: Clock;
  /** With the plan's id it decides the delay of the plan's runs. */
  readonly machineId: string;
  readonly jitterMaxMs: number;
}

export interface DueTimes {
  /** Next run after now; what `createPlans` asks for. */
  nextDueAt(schedule: Schedule, zone: string, planId: string): number | null;
  /** Next run after any moment. */
  dueAfter(after: number, plan: { id: string; schedule: Schedule; zone: string }): number | null;
}

export function createDueTimes({ clock, machineId, jitterMaxMs }: DueTimesOptions): DueTimes {
  const dueAfter: DueTimes['dueAfter'] = (after, { id, schedule, zone }) =>
    nextDue({ schedule, zone, after, jitterSeed: `${machineId}/${id}`, jitterMaxMs });
  return {
    nextDueAt: (schedule, zone, planId) => dueAfter(clock.now(), { id: planId, schedule, zone }),
    dueAfter,
  };
}
