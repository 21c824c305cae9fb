import { homedir } from 'node:os';
import { join } from 'node:path';
import { AppError, type RestoreChoice, type RestorePreview } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Chance } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { JobHandler } from '../jobs/job-types.ts';
import { createKeptTrees, type KeptTrees } from './kept-trees.ts';
import { createPasswordCheck, type Checked, type PasswordCheck } from './password-check.ts';
import { previewRestore } from './preview.ts';
import { createIntake } from './request-intake.ts';
import { createRequestRecords, type RequestRecords } from './request-records.ts';
import { nextRequestState } from './request-states.ts';
import type { Requests } from './request-types.ts';
import { planOf, sourcePathsOf, type RestoreAccessOptions } from './restore-access.ts';
import { createRestoreHandler } from './restore-handler.ts';
import type { RequestRow, RestoreEngine, RestoreJobs, RestoreStore } from './restore-ports.ts';
import { measured } from './restore-speed.ts';
import { chooseTarget } from './target.ts';
import { createStagedTrees, type StagedTrees } from './staged-trees.ts';
import { createTryLimit } from './try-limit.ts';
import { createTypedDesk } from './typed-desk.ts';

export interface RestoreOptions extends RestoreAccessOptions {
  readonly store: RestoreStore;
  readonly engine: RestoreEngine;
  readonly jobs: RestoreJobs;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly config: {
    readonly stateDir: string;
    readonly runDir: string;
    readonly engineHost: string;
    readonly limits: { readonly downloadKiBPerSecond: number | undefined };
  };
  /** The password of a plan was typed right. */
  readonly onProven?: (planId: string) => void;
}

export interface Restore {
  readonly requests: Requests;
  readonly handler: JobHandler;
}

/** Restores, from the wish to the files: the requests people and Space make, and the job that fulfils one. */
export function createRestore(options: RestoreOptions): Restore {
  const { store, clock } = options;
  const records = createRequestRecords(options);
  const limit = createTryLimit(store, clock);
  const desk = createTypedDesk();
  const kept = createKeptTrees({ ...options, records });
  const staged = createStagedTrees(options);
  return {
    requests: createRequests(
      { ...options, records, kept, staged },
      createPasswordCheck({ ...options, records, limit, desk }),
    ),
    handler: measured(createRestoreHandler({ ...options, records, desk, limit, kept, staged }), store.facts),
  };
}

function createRequests(
  options: RestoreOptions & { records: RequestRecords; kept: KeptTrees; staged: StagedTrees },
  check: PasswordCheck,
): Requests {
  const { store, records, jobs, clock, kept, staged } = options;
  const intake = createIntake(options);
  const openOne = (codeOrId: string): RequestRow => {
    const row = requireAlive(records, codeOrId, clock);
    return row.state === 'proposed' ? records.apply(row.id, 'open') : row;
  };
  const prepared = (codeOrId: string, choice: RestoreChoice): Checked => {
    const row = openOne(codeOrId);
    if (row.state !== 'opened') throw notOpen(row);
    const plan = planOf(options, row);
    return { row, plan, choice, target: targetOf(options, row, choice) };
  };
  return {
    propose: (input) => records.view(intake.propose(input)),
    create: (input, origin) => Promise.resolve().then(() => records.view(intake.create(input, origin))),
    open: (codeOrId) => {
      const row = openOne(codeOrId);
      options.engine.prepare('restore-preview');
      return records.view(row);
    },
    preview: async (codeOrId, choice) => await keptPreview(options, prepared(codeOrId, choice)),
    verify: async (codeOrId, choice) => await check.begin(prepared(codeOrId, choice)),
    decline: (codeOrId, reason) => {
      const { id } = records.require(codeOrId);
      const declined = records.apply(id, 'decline', { reason: reason ?? null });
      check.end(id);
      return records.view(declined);
    },
    cancel: (id, reason) => {
      const row = records.require(id);
      const isRunning = row.jobId !== null && nextRequestState(row.state, 'fail') !== undefined;
      if (isRunning && row.jobId !== null) {
        jobs.cancel(row.jobId, reason);
        return records.view(records.require(id));
      }
      const cancelled = records.apply(row.id, 'cancel', { reason });
      check.end(id);
      return records.view(cancelled);
    },
    get: (codeOrId) => records.view(records.require(codeOrId)),
    list: (all) => store.requests.list({ open: !all }).map((row) => records.view(row)),
    undo: (codeOrId) => kept.undo(codeOrId),
    expire() {
      expireOld({ store, records, clock, check });
      kept.expire();
      void staged.look();
    },
    recover: async () => {
      await kept.recover();
      await staged.look();
    },
  };
}

/** Other places show it, too. */
async function keptPreview(
  options: RestoreOptions & { records: RequestRecords },
  what: Checked,
): Promise<RestorePreview> {
  const { records } = options;
  const preview = await previewRestore(options, what);
  // It may have been declined meanwhile.
  if (records.require(what.row.id).state === 'opened') records.note(what.row.id, { preview });
  return preview;
}

function requireAlive(records: RequestRecords, codeOrId: string, clock: Clock): RequestRow {
  const row = records.require(codeOrId);
  const mayExpire = nextRequestState(row.state, 'expire') !== undefined;
  if (!mayExpire || row.expiresAt > clock.now()) return row;
  throw new AppError('refused', `the request ${row.code} has expired`, {
    hint: 'ask for the restore again',
    field: 'request',
  });
}

function notOpen({ code, state }: RequestRow): AppError {
  return new AppError('conflict', `the request ${code} is ${state}`, {
    hint: 'start a new one: olares-backup restore SNAPSHOT',
    field: 'request',
  });
}

function targetOf(options: RestoreOptions, row: RequestRow, choice: RestoreChoice): string {
  return chooseTarget(choice, {
    sourcePaths: sourcePathsOf(options, row, choice),
    planName: row.planName ?? '',
    requestedAt: row.createdAt,
    stateDir: options.config.stateDir,
    repositories: options.plans
      .list()
      .flatMap(({ location }) =>
        location.kind === 'directory' ? [join(location.path, 'olares-backups')] : [],
      ),
    home: homedir(),
  });
}

interface Expiring {
  readonly store: RestoreStore;
  readonly records: RequestRecords;
  readonly clock: Clock;
  readonly check: PasswordCheck;
}

function expireOld({ store, records, clock, check }: Expiring): void {
  for (const row of store.requests.list({ open: true })) {
    const mayExpire = nextRequestState(row.state, 'expire') !== undefined;
    if (mayExpire && row.expiresAt <= clock.now()) {
      records.apply(row.id, 'expire', { reason: 'nobody answered in time; nothing was restored' });
      check.end(row.id);
    }
  }
}
