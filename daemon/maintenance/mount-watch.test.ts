import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Plan } from '../../contract/index.ts';
import { createMountWatch, type MountWatch } from './mount-watch.ts';

let root: string;
let mounted: boolean;
let watch: MountWatch;
let plan: Plan;
const raised = new Map<string, string>();

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mounts with space '));
  const disk = join(root, 'disk');
  const address = join(disk, 'olares-backups', 'a');
  mkdirSync(address, { recursive: true });
  writeFileSync(join(address, 'config'), '');
  plan = {
    id: 'p',
    name: 'home',
    location: { kind: 'directory', path: disk },
    repository: { id: 'a'.repeat(64), address },
  } as Plan;
  mounted = true;
  raised.clear();
  const facts = new Map<string, unknown>();
  const line = (point: string) => `36 35 98:0 / ${point.replaceAll(' ', '\\040')} rw - ext4 /dev/x rw`;
  watch = createMountWatch({
    store: {
      facts: { get: (key) => facts.get(key), set: (key, value) => void facts.set(key, value) },
      commit: (change) => change(),
    },
    plans: { list: () => [plan] },
    health: {
      raise: ({ code, message }) => void raised.set(code, message),
      clear: (code) => void raised.delete(code),
    },
    mountInfo: async () => [line('/'), ...(mounted ? [line(disk)] : [])].join('\n'),
  });
});
afterEach(() => rmSync(root, { recursive: true }));

const unmount = () => {
  mounted = false;
  rmSync(join(root, 'disk', 'olares-backups'), { recursive: true });
};

describe('a disk that held a repository', () => {
  it('is missed by name when only its empty mount point is left, and is well again when it is back', async () => {
    await watch.check(plan);
    unmount();
    await expect(watch.check(plan)).rejects.toMatchObject({
      code: 'unreachable',
      retry: 'backoff',
      message: `the disk of "home" is not mounted at ${join(root, 'disk')}`,
    });
    expect([...raised.keys()]).toEqual(['location_missing']);
    mkdirSync(plan.repository?.address ?? '', { recursive: true });
    writeFileSync(join(plan.repository?.address ?? '', 'config'), '');
    mounted = true;
    await watch.check(plan);
    expect([...raised.keys()]).toEqual([]);
  });

  it('is missed before a backup needs it', async () => {
    await watch.look();
    expect([...raised.keys()]).toEqual([]);
    await watch.check(plan);
    unmount();
    await watch.look();
    expect([...raised.keys()]).toEqual(['location_missing']);
  });
});

it('leaves it to others to say that a repository is gone from a disk that is there', async () => {
  await watch.check(plan);
  rmSync(join(root, 'disk', 'olares-backups'), { recursive: true });
  await watch.check(plan);
  expect([...raised.keys()]).toEqual([]);
});
