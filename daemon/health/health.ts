import type { HealthCondition } from '../../contract/index.ts';

export interface NewCondition {
  readonly code: string;
  readonly level: 'warning' | 'error';
  readonly message: string;
  readonly hint?: string;
  readonly planId?: string;
}

/** Registry of named conditions: raised while something is wrong, cleared when it is right again. */
export interface Health {
  /** Raising what is raised already with the same text changes nothing. */
  raise(condition: NewCondition): void;
  clear(code: string, planId?: string): void;
  /** Clears what was raised for other plans than these: they are gone, and nobody else would. */
  keepPlans(planIds: ReadonlySet<string>): void;
  /** Worst first, then oldest first. */
  list(): HealthCondition[];
}
