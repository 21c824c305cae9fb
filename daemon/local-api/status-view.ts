import type {
  Account,
  HealthCondition,
  Job,
  Link,
  Plan,
  RestoreRequest,
  SpaceCommand,
  Status,
  Usage,
} from '../../contract/index.ts';
import { healthSentence } from '../health/sentence.ts';

export interface StatusSources {
  readonly version: string;
  readonly machine: string;
  readonly startedAt: number;
  now(): number;
  engineVersion(): string | undefined;
  eventSeq(): number;
  conditions(): HealthCondition[];
  account(): Account | undefined;
  link(): Link;
  usage(): Usage | undefined;
  plans(): Plan[];
  /** Jobs that have not ended. */
  jobs(): Job[];
  /** Requests that have not ended. */
  requests(): RestoreRequest[];
  /** Commands of Space that wait for a yes or no. */
  asked(): SpaceCommand[];
}

/** Everything a first look needs, from what is known already: nothing here waits for restic or Space. */
export function statusView(sources: StatusSources): Status {
  const conditions = sources.conditions();
  const plans = sources.plans();
  const jobs = sources.jobs();
  return {
    version: sources.version,
    machine: sources.machine,
    startedAt: sources.startedAt,
    now: sources.now(),
    eventSeq: sources.eventSeq(),
    ...healthSentence({ conditions, jobs, plans }),
    conditions,
    link: sources.link(),
    plans,
    jobs,
    requests: sources.requests(),
    asked: sources.asked(),
    ...defined({
      engineVersion: sources.engineVersion(),
      account: sources.account(),
      usage: sources.usage(),
    }),
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
