import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, type Plan } from '../../contract/index.ts';
import type { MaintenanceHealth, MaintenancePlans } from './maintenance-ports.ts';

/** A network mount whose server is gone answers nothing, not even an error. */
const LOOK_LIMIT_MS = 10_000;

export interface MountWatchOptions {
  readonly store: {
    readonly facts: { get(key: string): unknown; set(key: string, value: unknown): void };
    commit<T>(change: () => T): T;
  };
  readonly plans: Pick<MaintenancePlans, 'list'>;
  readonly health: MaintenanceHealth;
  /** proc(5) mountinfo; for tests. */
  readonly mountInfo?: () => Promise<string>;
}

/** Knows on which file systems the repositories of plans were, so that an empty mount point is not taken for one. */
export interface MountWatch {
  /** @throws AppError `unreachable` when the repository is not there because its disk is not mounted */
  check(plan: Plan): Promise<void>;
  /** Warns about disks that are not mounted, before a backup needs them; touches no disk. */
  look(): Promise<void>;
}

const factKey = (planId: string): string => `location.mount.${planId}`;

export function createMountWatch(options: MountWatchOptions): MountWatch {
  const { store, plans, health } = options;
  const { facts } = store;
  const remembered = (plan: Plan): string | undefined => {
    const fact = facts.get(factKey(plan.id));
    return typeof fact === 'string' && fact !== '/' ? fact : undefined;
  };
  const points = async () =>
    mountPoints(await (options.mountInfo ?? (() => readFile('/proc/self/mountinfo', 'utf8')))());
  const warn = (plan: Plan, point: string): AppError => {
    const message = `the disk of "${plan.name}" is not mounted at ${point}`;
    const hint =
      'mount it: nothing is written into the empty directory meanwhile, and the plan goes on by itself';
    health.raise({ code: 'location_missing', level: 'warning', message, hint, planId: plan.id });
    return new AppError('unreachable', message, { hint, retry: 'backoff' });
  };
  return {
    async check(plan) {
      const address = directoryOf(plan);
      if (address === undefined) return;
      const there = await isThere(join(address, 'config'));
      if (there === 'unknown') return;
      const known = remembered(plan);
      const holding = holdingPoint(address, await points());
      if (there === 'missing' && known !== undefined && known !== holding) throw warn(plan, known);
      if (there === 'late') throw warn(plan, known ?? holding);
      health.clear('location_missing', plan.id);
      if (there === 'there' && facts.get(factKey(plan.id)) !== holding) {
        store.commit(() => facts.set(factKey(plan.id), holding));
      }
    },
    async look() {
      const mounted = new Set(await points());
      for (const plan of plans.list()) {
        const point = directoryOf(plan) === undefined ? undefined : remembered(plan);
        if (point === undefined) continue;
        if (mounted.has(point)) health.clear('location_missing', plan.id);
        else warn(plan, point);
      }
    },
  };
}

function directoryOf({ location, repository }: Plan): string | undefined {
  return location.kind === 'directory' ? repository?.address : undefined;
}

/** unknown: we may not look, the helper may. late: no answer. */
async function isThere(path: string): Promise<'there' | 'missing' | 'unknown' | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), LOOK_LIMIT_MS);
  });
  try {
    return await Promise.race([late, stat(path).then(() => 'there' as const)]);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM' ? 'unknown' : 'missing';
  } finally {
    clearTimeout(timer);
  }
}

function mountPoints(mountInfo: string): string[] {
  return mountInfo.split('\n').flatMap((line) => {
    const point = line.split(' ')[4];
    return point === undefined ? [] : [unescape(point)];
  });
}

function holdingPoint(path: string, points: readonly string[]): string {
  return points
    .filter((point) => point === '/' || path === point || path.startsWith(`${point}/`))
    .reduce((best, next) => (next.length > best.length ? next : best), '/');
}

const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(parseInt(octal, 8)));
