import { join } from 'node:path';
import {
  AppError,
  VERB_PROGRAMS,
  type HelperRequestOf,
  type HelperResultOf,
  type HelperVerb,
} from '../../contract/index.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Engine, Launcher, RunOptions } from './engine.ts';
import { runHelper } from './helper-run.ts';
import { endLeftovers } from './leftovers.ts';
import { createSpares } from './spares.ts';

/** restic may need 65 s to remove its lock against a dead backend; the helper's own limit comes before ours. */
const CANCEL_GRACE_MS = 75_000;
const EXIT_GRACE_MS = 10_000;
const RECOVER_POLITE_MS = 5_000;
/** A restic without its helper has no storage keys any more, so most of what it would wait for never comes. */
const RECOVER_INTERRUPT_MS = 10_000;

export interface EngineOptions {
  readonly launcher: Launcher;
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds; for tests. */
  readonly cancelGraceMs?: number;
  readonly signInPatienceMs?: number;
  readonly recoverPoliteMs?: number;
  readonly recoverInterruptMs?: number;
}

export function createEngine(options: EngineOptions): Engine {
  const { launcher, log } = options;
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();
  const spares = createSpares(launcher);

  const end = async (which: { helperPid?: number; politeMs: number }): Promise<void> =>
    await endLeftovers({
      directory: join(options.stateDir, 'run', 'helpers'),
      clock: options.clock,
      log,
      interruptMs: options.recoverInterruptMs ?? RECOVER_INTERRUPT_MS,
      ...which,
    });

  const run = async <V extends HelperVerb>(
    request: HelperRequestOf<V>,
    runOptions: RunOptions = {},
  ): Promise<HelperResultOf<V>> => {
    const signal = runOptions.signal ? AbortSignal.any([closing.signal, runOptions.signal]) : closing.signal;
    if (signal.aborted) throw new AppError('cancelled', `${request.verb} was stopped before it began`);
    const helper = spares.take(VERB_PROGRAMS[request.verb]);
    const { answer, ended } = runHelper({
      helper,
      request,
      run: { ...runOptions, signal },
      log,
      cancelGraceMs: options.cancelGraceMs ?? CANCEL_GRACE_MS,
      exitGraceMs: EXIT_GRACE_MS,
      signInPatienceMs: options.signInPatienceMs,
      // A helper that was killed may leave its restic behind, and that its lock.
      tidy: async () => {
        if (helper.pid !== undefined) await end({ helperPid: helper.pid, politeMs: 0 });
      },
    });
    const settled = ended.finally(() => running.delete(settled));
    running.add(settled);
    // Checked against the verb's schema by runHelper.
    return (await answer) as HelperResultOf<V>;
  };

  return {
    run,
    prepare: (verb) => (closing.signal.aborted ? undefined : spares.prepare(VERB_PROGRAMS[verb])),
    recover: async () => await end({ politeMs: options.recoverPoliteMs ?? RECOVER_POLITE_MS }),
    close: async () => {
      closing.abort('interrupt');
      spares.close();
      await Promise.allSettled(running);
    },
  };
}
