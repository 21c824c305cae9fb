import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../contract/index.ts';
import { isInside } from './is-inside.ts';

/** What every restic repository has at its top. */
const PARTS = ['config', 'keys', 'snapshots'];

export interface Touched {
  /** Where something new is to lie; in place there is nothing new. */
  readonly target: string | undefined;
  /** What would be exchanged as a whole, or lose what the snapshot does not have. */
  readonly moved: readonly string[];
  /** Directories that hold those of plans. */
  readonly repositories: readonly string[];
}

/**
 * A restore must not write among the snapshots it reads, nor move them away.
 * @throws AppError `invalid_input`
 */
export function refuseRepositories({ target, moved, repositories }: Touched): void {
  const found = target === undefined ? undefined : repositoryAround(target);
  if (found !== undefined) throw refused(target ?? found, `lies in the repository ${found}`);
  for (const path of moved) {
    // Not looked at themselves: a network disk that is gone would hold up the whole agent.
    const held = repositories.find((place) => isInside(place, path) || isInside(place, realOf(path)));
    if (held !== undefined) throw refused(path, `holds snapshots of a plan, in ${held}`);
  }
}

function repositoryAround(target: string): string | undefined {
  for (let path = realOf(target); path !== '/'; path = dirname(path)) {
    if (PARTS.every((part) => existsSync(join(path, part)))) return path;
  }
  return undefined;
}

/** The end of it may not be there yet. */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path === '/' ? path : join(realOf(dirname(path)), basename(path));
  }
}

const refused = (path: string, why: string) =>
  new AppError('invalid_input', `${path} ${why}`, { field: 'target', hint: 'choose another directory' });
