import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, REQUEST_END_STATES, type RestoreRequest } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { RequestRecords } from './request-records.ts';
import type { RequestRow, RestoreEngine, RestoreStore } from './restore-ports.ts';

/** The old files that in-place restores keep: put back, removed when their time is over, found again after a kill. */
export interface KeptTrees {
  /** @throws AppError `not_found`, `conflict` when nothing is kept or the restore still runs */
  undo(codeOrId: string): Promise<RestoreRequest>;
  /** Removes what has been kept long enough. Called each minute. */
  expire(): void;
  /** Finishes restores that were killed while they placed files. */
  recover(): Promise<void>;
}

export interface KeptTreesOptions {
  readonly store: RestoreStore;
  readonly records: RequestRecords;
  readonly engine: RestoreEngine;
  readonly clock: Clock;
  readonly log: Log;
  readonly config: { readonly stateDir: string };
}

const DAY_MS = 24 * 60 * 60_000;

export function createKeptTrees(options: KeptTreesOptions): KeptTrees {
  const { store, records, clock } = options;
  const busy = new Set<string>();
  const alone = async <T>({ id, code }: RequestRow, work: () => Promise<T>): Promise<T> => {
    if (busy.has(id)) throw new AppError('conflict', `the old files of ${code} are being moved right now`);
    busy.add(id);
    try {
      return await work();
    } finally {
      busy.delete(id);
    }
  };
  return {
    undo: async (codeOrId) => {
      const row = records.require(codeOrId);
      const kept = requireKept(store, row);
      return await alone(row, () => putBack(options, row, kept));
    },
    expire() {
      for (const row of store.requests.list({ kept: true })) {
        const isOver = row.undoUntil !== null && row.undoUntil <= clock.now();
        if (!isOver || busy.has(row.id)) continue;
        alone(row, () => forget(options, row)).catch((error: unknown) =>
          options.log.warn({ err: error }, 'what became of a kept tree could not be noted'),
        );
      }
    },
    recover: () => recover(options),
  };
}

interface Kept {
  readonly target: string;
  readonly undoPath: string;
}

function requireKept(store: RestoreStore, { id, code, state, choice, undoPath }: RequestRow): Kept {
  const target = choice?.target;
  if (undoPath === null || target === undefined) {
    throw new AppError('conflict', `there is nothing to undo: the restore ${code} keeps no old files`, {
      hint: 'a restore in place, or into a directory that held files, keeps what it replaced for 7 days',
      field: 'request',
    });
  }
  const isPlacing = (row: RequestRow) => row.state === 'restoring' || row.state === 'placing';
  const other = store.requests
    .list({ open: true })
    .find((row) => row.id !== id && isPlacing(row) && row.choice?.target === target);
  if (REQUEST_END_STATES.has(state) && !other) return { target, undoPath };
  throw new AppError('conflict', `the restore ${other?.code ?? code} still runs`, {
    hint: 'undo it when it has ended',
    field: 'request',
  });
}

async function putBack(
  { engine, records }: KeptTreesOptions,
  { id }: RequestRow,
  { target, undoPath }: Kept,
): Promise<RestoreRequest> {
  const { asidePath } = await engine.run({ verb: 'restore-undo', requestId: id, target, undoPath });
  const brought = asidePath === undefined ? '' : `; what the restore had brought is in ${asidePath}`;
  const reason = `undone: the old files are back in ${target}${brought}`;
  const change = { undoPath: null, undoUntil: null, reason, asidePath: asidePath ?? null };
  return records.view(records.note(id, change));
}

async function forget({ engine, records, clock, log }: KeptTreesOptions, row: RequestRow): Promise<void> {
  const { id, undoPath } = row;
  const target = row.choice?.target;
  try {
    if (target !== undefined && undoPath !== null)
      await engine.run({ verb: 'restore-forget', target, undoPath });
    records.note(id, { undoPath: null, undoUntil: null });
  } catch (error) {
    log.warn({ err: error, undoPath }, 'a kept tree could not be removed; it is tried again tomorrow');
    records.note(id, { undoUntil: clock.now() + DAY_MS });
  }
}

async function recover({ engine, records, store, log, config }: KeptTreesOptions): Promise<void> {
  if (!mayHaveRecords(join(config.stateDir, 'run', 'placing'))) return;
  try {
    for (const { requestId, undoPath = null, asidePath } of await engine.run({ verb: 'restore-recover' })) {
      if (!store.requests.get(requestId)) continue;
      records.note(requestId, { undoPath, ...(asidePath !== undefined && { asidePath }) });
    }
  } catch (error) {
    log.error({ err: error }, 'a restore that was killed could not be finished; the next one tries again');
  }
}

function mayHaveRecords(directory: string): boolean {
  try {
    return readdirSync(directory).length > 0;
  } catch (error) {
    // Where only the helper may look, the helper has to be asked.
    return !(error instanceof Error && 'code' in error && error.code === 'ENOENT');
  }
}
