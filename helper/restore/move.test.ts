import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
  existsSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAnchor } from './anchor.ts';
import { place } from './place.ts';
import { openStaging } from './staging.ts';

const NOBODY = 65_534;
const isRoot = process.geteuid?.() === 0;

describe('a snapshot with directories that nobody may write, restored by an ordinary user', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'closed-'));
    if (!isRoot) return;
    chownSync(root, NOBODY, NOBODY);
    process.seteuid?.(NOBODY);
  });
  afterEach(() => {
    if (isRoot) process.seteuid?.(0);
    rmSync(root, { recursive: true, force: true });
  });

  const stage = (content: string): void => {
    const closed = join(content, 'tree', 'closed');
    mkdirSync(closed, { recursive: true });
    writeFileSync(join(closed, 'file'), 'content');
    chmodSync(closed, 0o555);
    chmodSync(join(content, 'tree'), 0o555);
  };

  it('places it, with the modes it had', async () => {
    using parent = openAnchor(root);
    await using staging = await openStaging(parent, 'r1');
    stage(staging.anchor.at('content'));
    const target = { path: join(root, 'target'), name: 'target', parent, [Symbol.dispose]() {} };
    const selection = { include: ['/tree'], roots: ['/tree'], isPartial: false };
    place({ staging: staging.anchor, target, selection, inPlace: false, stamp: 's' });
    expect(statSync(target.path).mode & 0o777).toBe(0o555);
    expect(existsSync(join(target.path, 'closed', 'file'))).toBe(true);
  });

  it('clears away what was not placed, of this run and of a killed one', async () => {
    using parent = openAnchor(root);
    const killed = join(root, '.olares-restore-r1');
    mkdirSync(killed, { mode: 0o700 });
    stage(join(killed, 'content'));
    {
      await using staging = await openStaging(parent, 'r1');
      expect(existsSync(staging.anchor.at('content'))).toBe(false);
      stage(staging.anchor.at('content'));
    }
    expect(existsSync(killed)).toBe(false);
  });
});
