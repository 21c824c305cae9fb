import { readFileSync, realpathSync } from 'node:fs';
import { AppError } from '../../contract/errors.ts';
import { isInside } from './selection.ts';

const MOUNT_POINT = 4;

/**
 * A disk mounted inside the target would go with the old tree.
 * @param path as it can be opened
 * @param named as the person named it
 * @throws AppError `conflict` naming the mount point
 */
export function refuseMounts(path: string, named: string): void {
  const real = realpathSync(path);
  const inside = mountPoints().find((point) => point !== real && isInside(point, real));
  if (inside === undefined) return;
  throw new AppError('conflict', `another disk is mounted inside ${named}, at ${inside}`, {
    field: 'target',
    hint: 'unmount it, choose other paths with --include, or restore into a new directory; nothing was changed',
  });
}

/** @see proc_pid_mountinfo(5): white space and backslashes are octal there */
function mountPoints(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.flatMap((line) => {
    const point = line.split(' ')[MOUNT_POINT];
    return point === undefined
      ? []
      : [
          point.replace(/\\([0-7]{3})/g, (_, octal: string) =>
            String.fromCharCode(Number.parseInt(octal, 8)),
          ),
        ];
  });
}
