import { AppError, type Snapshot } from '../../contract/index.ts';
import type { Log } from '../base/log.ts';

export interface BuildQueueOptions {
  readonly build: (snapshot: Snapshot, signal: AbortSignal) => Promise<void>;
  readonly isIdle: () => boolean;
  readonly log: Log;
}

export interface BuildQueue {
  /**
   * One restic at a time, those first for which somebody waits; the others only while the machine is idle.
   * @returns a promise of its end, the same one for the same snapshot
   */
  add(snapshot: Snapshot, isUrgent: boolean): Promise<void>;
  isBusy(planId: string): boolean;
  /** Why the last one of this plan failed; undefined once one succeeded. */
  problem(planId: string): string | undefined;
  /** Goes on with what waits for an idle machine. */
  wake(): void;
  /** Gives up all of a plan, or everything. */
  drop(planId?: string): Promise<void>;
}

interface Waiting {
  readonly snapshot: Snapshot;
  isUrgent: boolean;
  readonly promise: Promise<void>;
  readonly settle: (error?: unknown) => void;
}

interface Running {
  readonly item: Waiting;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

export function createBuildQueue(options: BuildQueueOptions): BuildQueue {
  const waiting = new Map<string, Waiting>();
  const problems = new Map<string, string>();
  let running: Running | undefined;

  const take = (isMeant: (item: Waiting) => boolean): Waiting[] => {
    const taken = [...waiting.values()].filter(isMeant);
    for (const { snapshot } of taken) waiting.delete(snapshot.resticId);
    return taken;
  };
  const fail = (planId: string, error: unknown): void => {
    problems.set(planId, error instanceof AppError ? error.message : 'the index could not be written');
    // What stopped this one stops the others too, each after its own time.
    for (const item of take(({ snapshot }) => snapshot.planId === planId)) item.settle(error);
  };
  const wake = (): void => {
    const item = running ? undefined : nextOf(waiting, options.isIdle);
    if (!item) return;
    waiting.delete(item.snapshot.resticId);
    const stop = new AbortController();
    const done = work(options, item, { signal: stop.signal, problems, fail }).then(() => {
      running = undefined;
      wake();
    });
    running = { item, stop, done };
  };
  return {
    add(snapshot, isUrgent) {
      const { resticId } = snapshot;
      const current = running?.item.snapshot.resticId === resticId ? running.item : undefined;
      const item = current ?? waiting.get(resticId) ?? newItem(snapshot);
      item.isUrgent ||= isUrgent;
      if (!current) waiting.set(resticId, item);
      wake();
      return item.promise;
    },
    isBusy: (planId) =>
      running?.item.snapshot.planId === planId ||
      [...waiting.values()].some(({ snapshot }) => snapshot.planId === planId),
    problem: (planId) => problems.get(planId),
    wake,
    async drop(planId) {
      const isMeant = ({ snapshot }: Waiting): boolean => planId === undefined || snapshot.planId === planId;
      for (const item of take(isMeant)) item.settle(new AppError('cancelled', 'indexing was given up'));
      if (!running || !isMeant(running.item)) return;
      running.stop.abort('interrupt');
      await running.done;
    },
  };
}

function nextOf(waiting: ReadonlyMap<string, Waiting>, isIdle: () => boolean): Waiting | undefined {
  const items = [...waiting.values()];
  return items.find(({ isUrgent }) => isUrgent) ?? (isIdle() ? items[0] : undefined);
}

interface Working {
  readonly signal: AbortSignal;
  readonly problems: Map<string, string>;
  readonly fail: (planId: string, error: unknown) => void;
}

/** Never rejects. */
async function work(
  { build, log }: BuildQueueOptions,
  item: Waiting,
  { signal, problems, fail }: Working,
): Promise<void> {
  const { planId, resticId } = item.snapshot;
  try {
    await build(item.snapshot, signal);
    problems.delete(planId);
    item.settle();
  } catch (error) {
    if (!signal.aborted) {
      log.warn({ err: error, planId, resticId }, 'a snapshot could not be indexed');
      fail(planId, error);
    }
    item.settle(error);
  }
}

function newItem(snapshot: Snapshot): Waiting {
  let settle: (error?: unknown) => void = () => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === undefined ? resolve() : reject(error));
  });
  // Often nobody waits for it; the queue has logged it.
  promise.catch(() => undefined);
  return { snapshot, isUrgent: false, promise, settle };
}
