import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { Places } from '../session.ts';

const HINT = 'run `npm run build` again, or name a restic by RESTIC_BIN (0.18.1 or newer, not 0.19.0)';

/**
 * The restic to run: the one the launcher names, else the checkout's own, else the first in the search path.
 * @throws AppError `engine_missing`
 */
export function findRestic(places: Places): string {
  if (places.resticBin) {
    if (isProgram(places.resticBin)) return places.resticBin;
    throw new AppError('engine_missing', `RESTIC_BIN names ${places.resticBin}, which cannot be run`, {
      hint: HINT,
    });
  }
  const found = findProgram(places, 'restic');
  if (found) return found;
  throw new AppError('engine_missing', 'restic is not installed on this machine', { hint: HINT });
}

/** The program of that name: the checkout's own, which set-up brought, else the first in the search path. */
export function findProgram(
  { packageRoot, path }: Pick<Places, 'packageRoot' | 'path'>,
  name: string,
): string | undefined {
  return [join(packageRoot, '.tools', 'bin', name), ...inPath(path, name)].find(isProgram);
}

/** @throws AppError `engine_missing` for versions we know to misbehave */
export function assertVersion(version: string, path: string): void {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  const number = major * 1e6 + minor * 1e3 + patch;
  // Before 0.18.1 a full storage is retried for ever; 0.19.0 mixes progress into its JSON.
  if (number >= 18_001 && number !== 19_000) return;
  throw new AppError('engine_missing', `restic ${version} (${path}) cannot be used`, { hint: HINT });
}

function inPath(path: string, name: string): string[] {
  return path
    .split(':')
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => join(folder, name));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there or not ours to run: then it is none.
    return false;
  }
}
