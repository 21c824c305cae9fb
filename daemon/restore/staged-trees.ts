import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { HelperResultOf, RestoreRequest } from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { RestoreEngine, RestoreStore } from './restore-ports.ts';

/** What interrupted restores have fetched so far, beside their targets. */
export interface StagedTrees {
  /** Removes what no open request wants, and notes what is left. Never rejects; costs nothing when nothing changed. */
  look(): Promise<void>;
}

export interface StagedTreesOptions {
  readonly store: RestoreStore;
  readonly engine: RestoreEngine;
  readonly clock: Clock;
  readonly log: Log;
  readonly config: { readonly stateDir: string };
}

type Staged = HelperResultOf<'restore-staged'>;

const FACT = 'restore.staged';

export function createStagedTrees(options: StagedTreesOptions): StagedTrees {
  const { store, engine, clock, log, config } = options;
  let known: string | undefined;
  let looking: Promise<void> | undefined;
  const lookNow = async (): Promise<void> => {
    const keep = store.requests.list({ open: true }).map(({ id }) => id);
    const seen = stateOf(join(config.stateDir, 'run', 'staged'), keep, clock.now());
    if (seen === known) return;
    try {
      const left = seen === NOTHING ? [] : await engine.run({ verb: 'restore-staged', keep });
      store.commit(() => store.facts.set(FACT, left));
      known = seen;
    } catch (error) {
      log.warn(
        { err: error },
        'what interrupted restores have left could not be looked at; it is tried again',
      );
    }
  };
  return {
    look: async () => await (looking ??= lookNow().finally(() => (looking = undefined))),
  };
}

/** For the view of a request. */
export function stagedOf(
  { facts }: Pick<RestoreStore, 'facts'>,
  requestId: string,
): NonNullable<RestoreRequest['staged']> | null {
  const all = (facts.get(FACT) ?? []) as Staged;
  const found = all.find((staged) => staged.requestId === requestId && staged.bytes > 0);
  return found ? { path: found.path, bytes: found.bytes, until: found.until } : null;
}

const NOTHING = '';
const DAY_MS = 24 * 60 * 60_000;

/** Changes whenever there may be something to do. The day is part of it, so that what is too old goes. */
function stateOf(directory: string, keep: readonly string[], now: number): string {
  const names = namesIn(directory);
  if (names.length === 0) return NOTHING;
  return [Math.floor(now / DAY_MS), ...names, '', ...keep].join('|');
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch (error) {
    // Where only the helper may look, the helper has to be asked.
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? [] : ['?'];
  }
}
