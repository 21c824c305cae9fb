import {
  AppError,
  JOB_END_STATES,
  type Capsule,
  type Plan,
  type RequestState,
  type RestoreChoice,
  type SecretChannel,
} from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Chance } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { CHANNEL_LIFE_MS, newChannelPath } from '../engine/channel-path.ts';
import { keyIdsOf } from './key-order.ts';
import type { RequestRecords } from './request-records.ts';
import type { RestoreParams } from './restore-handler.ts';
import type { RequestRow, RestoreEngine, RestoreJobs, RestorePlans, RestoreStore } from './restore-ports.ts';
import { subjectOf, type TryLimit } from './try-limit.ts';
import type { TypedDesk } from './typed-desk.ts';

const GRANT_LIFE_MS = 24 * 60 * 60_000;
/** Longest wait for the job of a typed restore to begin; another one may be before it. */
const BEGIN_LIMIT_MS = 20_000;

export interface PasswordCheckOptions {
  readonly store: Pick<RestoreStore, 'commit'>;
  readonly plans: RestorePlans;
  readonly engine: RestoreEngine;
  readonly jobs: RestoreJobs;
  readonly records: RequestRecords;
  readonly limit: TryLimit;
  readonly desk: TypedDesk;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly config: { readonly runDir: string };
  /** The password of a plan was typed right. */
  readonly onProven?: (planId: string) => void;
}

export interface Checked {
  readonly row: RequestRow;
  readonly plan: Plan | undefined;
  readonly target: string;
  readonly choice: RestoreChoice;
}

export interface PasswordCheck {
  /** A newer check ends the one before: its terminal may be gone without a word. */
  begin(what: Checked): Promise<SecretChannel>;
  /** Ends the check of this request, if it is the one that runs. */
  end(requestId: string): void;
}

/** Lets a helper ask for the password, one at a time; this process never sees it. */
export function createPasswordCheck(options: PasswordCheckOptions): PasswordCheck {
  let current: { readonly requestId: string; readonly stop: AbortController } | undefined;
  return {
    async begin(what) {
      const triesLeft = options.limit.require(subjectOf(what.row));
      const socketPath = newChannelPath(options.config.runDir, options.chance);
      current?.stop.abort();
      const stop = new AbortController();
      current = { requestId: what.row.id, stop };
      const channel = { socketPath, signal: stop.signal };
      await (what.plan ? checkCapsule : startTyped)(options, what, channel);
      return { socketPath, expiresAt: options.clock.now() + CHANNEL_LIFE_MS, triesLeft };
    },
    end(requestId) {
      if (current?.requestId === requestId) current.stop.abort();
    },
  };
}

interface Channel {
  readonly socketPath: string;
  /** Aborted when nobody will type any more. */
  readonly signal: AbortSignal;
}

/** @returns when the helper listens */
async function checkCapsule(options: PasswordCheckOptions, what: Checked, channel: Channel): Promise<void> {
  const { engine, plans, clock } = options;
  const { row, target } = what;
  const capsule = requireCapsule(plans.row(row.planId ?? '').capsule);
  await new Promise<void>((resolve, reject) => {
    engine
      .run(
        {
          verb: 'keycheck',
          capsule,
          keyIds: keyIdsOf(capsule),
          channelPath: channel.socketPath,
          grant: {
            requestId: row.id,
            snapshotId: row.snapshotId,
            target,
            expiresAt: clock.now() + GRANT_LIFE_MS,
          },
        },
        {
          onReady: () => {
            engine.prepare('restore');
            resolve();
          },
          signal: channel.signal,
        },
      )
      .then(({ correct }) => {
        if (correct) accept(options, what);
        else options.limit.wrong(subjectOf(row));
        // Without effect once it listened, as it must have.
        reject(new AppError('failed', 'the helper ended before it asked for the password'));
      })
      .catch((error: unknown) => {
        // After the channel was handed over the helper tells the terminal; the request stays opened.
        options.log.warn({ err: error, requestId: row.id }, 'the password was not checked');
        reject(error instanceof Error ? error : new Error(String(error)));
      });
  });
}

function requireCapsule(capsule: Capsule | null): Capsule {
  if (capsule) return capsule;
  throw new AppError('integrity', 'the local copy of the repository keys is missing', {
    hint: 'restore by the Backup URL, or take the repository over again with `plan add --adopt`',
  });
}

function accept(options: PasswordCheckOptions, what: Checked): void {
  const { row, target, choice } = what;
  options.store.commit(() => {
    options.limit.right(subjectOf(row));
    options.records.apply(row.id, 'verify', { choice: { ...choice, target }, reason: null, error: null });
    requestJob(options, what);
  });
  if (row.planId !== null) options.onProven?.(row.planId);
}

function requestJob({ records, jobs }: PasswordCheckOptions, { row, plan, target, choice }: Checked): string {
  const params: RestoreParams = { target, choice: { ...choice, target } };
  const planName = plan?.name ?? row.planName;
  const job = jobs.request({
    kind: 'restore',
    ...(plan && { planId: plan.id }),
    ...(planName !== null && { planName }),
    requestId: row.id,
    lane: plan?.id ?? `request:${row.id}`,
    cause: 'request',
    params,
  });
  records.note(row.id, { jobId: job.id });
  return job.id;
}

/** No local copy of keys: the restore itself tries the password, so its job begins before it is typed. */
async function startTyped(options: PasswordCheckOptions, what: Checked, channel: Channel): Promise<void> {
  const { desk, records, jobs, store } = options;
  const { row, target, choice } = what;
  const ready = desk.expect(row.id, channel.socketPath);
  const jobId = store.commit(() => {
    records.note(row.id, { choice: { ...choice, target }, reason: null, error: null });
    return requestJob(options, what);
  });
  const timer = setTimeout(() => {
    desk.refuse(row.id, tooBusy());
    jobs.cancel(jobId, 'it could not begin in time');
  }, BEGIN_LIMIT_MS);
  channel.signal.addEventListener('abort', () => {
    const { jobId: current, state } = records.require(row.id);
    const isOver = JOB_END_STATES.has(jobs.get(jobId)?.state ?? 'cancelled');
    // What is thrown in here would end the daemon.
    if (current === jobId && LOCKED.has(state) && !isOver) jobs.cancel(jobId, 'nobody typed the password');
  });
  try {
    await ready;
  } finally {
    clearTimeout(timer);
  }
}

/** Once the password was right the request has moved on, and so may the job. */
const LOCKED: ReadonlySet<RequestState> = new Set(['opened', 'declined', 'cancelled', 'expired']);

function tooBusy(): AppError {
  return new AppError('try_later', 'another job is running, so the restore cannot begin yet', {
    hint: 'see `olares-backup job list --active`; try again when it is done',
    retry: 'after_action',
  });
}
