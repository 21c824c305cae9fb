import type { HelperProgram } from '../../contract/index.ts';
import type { HelperProcess, Launcher } from './engine.ts';

/** Longer than a backup needs to look at its sources and its quota. */
const SPARE_LIFE_MS = 5_000;

/** Helpers that wait for their request; at most one of each program. */
export interface Spares {
  prepare(program: HelperProgram): void;
  /** The spare one, or a new one. */
  take(program: HelperProgram): HelperProcess;
  close(): void;
}

export function createSpares(launcher: Launcher, lifeMs = SPARE_LIFE_MS): Spares {
  const waiting = new Map<HelperProgram, { helper: HelperProcess; timer: NodeJS.Timeout }>();
  const pull = (program: HelperProgram): HelperProcess | undefined => {
    const spare = waiting.get(program);
    if (!spare) return undefined;
    waiting.delete(program);
    clearTimeout(spare.timer);
    return spare.helper;
  };
  const drop = (program: HelperProgram): void => {
    // It has been given nothing to do, so there is nothing to end politely.
    pull(program)?.kill();
  };
  return {
    prepare(program) {
      if (waiting.has(program)) return;
      const helper = launcher.launch(program);
      const timer = setTimeout(() => drop(program), lifeMs).unref();
      waiting.set(program, { helper, timer });
      // One that ended by itself is no spare: the run then starts its own and tells why that fails.
      void helper.ended.then(() => waiting.get(program)?.helper === helper && drop(program));
    },
    take: (program) => pull(program) ?? launcher.launch(program),
    close: () => [...waiting.keys()].forEach(drop),
  };
}
