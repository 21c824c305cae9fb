import { readFile } from 'node:fs/promises';

export interface Mount {
  readonly point: string;
  /** e.g. `ext4`, `nfs4`, `cifs`. */
  readonly type: string;
}

/** The file system that holds a path, whether the path exists or not (proc(5), mountinfo). */
export async function mountOf(path: string): Promise<Mount> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const mounts = lines.flatMap((line) => {
    const [, point, type] = /^\d+ \d+ \S+ \S+ (\S+) .* - (\S+)/.exec(line) ?? [];
    return point === undefined || type === undefined ? [] : [{ point: unescape(point), type }];
  });
  const holding = mounts.filter(
    ({ point }) => point === '/' || path === point || path.startsWith(`${point}/`),
  );
  // Of two at one point the later one is on top.
  return holding.reduce((best, next) => (next.point.length >= best.point.length ? next : best), ROOT);
}

const ROOT: Mount = { point: '/', type: 'unknown' };

/** Where /etc/fstab wants a file system, mounted or not. */
export async function plannedMounts(): Promise<string[]> {
  const text = await readFile('/etc/fstab', 'utf8').catch(() => '');
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => unescape(line.split(/\s+/)[1] ?? ''))
    .filter((point) => point.startsWith('/') && point !== '/');
}

const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(parseInt(octal, 8)));
