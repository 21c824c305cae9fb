import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newRequestId } from '../testing/bench.ts';
import { openAnchor } from './anchor.ts';
import { place } from './place.ts';
import { openStaging, type StagingOptions } from './staging.ts';
import type { Target } from './target.ts';

const NOBODY = 65_534;
const isRoot = process.geteuid?.() === 0;

const onKeep = (): void => {};

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
    using target = targetIn(root);
    await using staging = await openStaging(stagingOptions(root, target));
    stage(staging.anchor.at('content'));
    const selection = { include: ['/tree'], roots: ['/tree'], isPartial: false };
    place({ staging: staging.anchor, target, selection, inPlace: false, stamp: 's', onKeep });
    expect(statSync(target.path).mode & 0o777).toBe(0o555);
    expect(existsSync(join(target.path, 'closed', 'file'))).toBe(true);
  });

  it('clears away what was not placed', async () => {
    using target = targetIn(root);
    {
      await using staging = await openStaging(stagingOptions(root, target));
      stage(staging.anchor.at('content'));
    }
    expect(readdirSync(root).filter((name) => name.startsWith('.olares'))).toEqual([]);
  });
});

function targetIn(root: string): Target {
  const parent = openAnchor(root);
  return {
    path: join(root, 'target'),
    name: 'target',
    parent,
    [Symbol.dispose]: () => parent[Symbol.dispose](),
  };
}

/** As far as it is looked at. */
function stagingOptions(root: string, target: Target): StagingOptions {
  const request = {
    requestId: newRequestId(),
    snapshotId: 'a'.repeat(64),
    target: target.path,
    choice: {},
    access: { address: root },
  };
  const session = { stateDir: join(root, 'state'), clock: Date.now };
  return { session, request, target, permittedUntil: undefined } as unknown as StagingOptions;
}

describe('an interrupted restore', () => {
  it('never goes on in a directory in which old files may have got a second name', async () => {
    const root = mkdtempSync(join(tmpdir(), 'sealed-'));
    using target = targetIn(root);
    const options = stagingOptions(root, target);
    for (const isSealed of [false, true]) {
      await using staging = await openStaging(options);
      expect(existsSync(staging.anchor.at('content'))).toBe(isSealed);
      mkdirSync(staging.anchor.at('content'), { recursive: true });
      writeFileSync(join(staging.anchor.at('content'), 'file'), 'fetched');
      if (isSealed) staging.seal();
      staging.keep();
    }
    {
      await using staging = await openStaging(options);
      expect(existsSync(staging.anchor.at('content'))).toBe(false);
    }
    rmSync(root, { recursive: true });
  });
});

describe('paths of which one cannot be placed', () => {
  it('are all put back, and nothing is left beside them', () => {
    const root = mkdtempSync(join(tmpdir(), 'put-back-'));
    mkdirSync(join(root, 'target'));
    writeFileSync(join(root, 'target', 'a'), 'old');
    symlinkSync('/tmp', join(root, 'target', 'link'));
    mkdirSync(join(root, 'staging', 'content', 'tree', 'link'), { recursive: true });
    writeFileSync(join(root, 'staging', 'content', 'tree', 'a'), 'new');
    writeFileSync(join(root, 'staging', 'content', 'tree', 'link', 'b'), 'new');
    using parent = openAnchor(root);
    using staging = openAnchor(join(root, 'staging'));
    const target = { path: join(root, 'target'), name: 'target', parent, [Symbol.dispose]() {} };
    const selection = { include: ['/tree/a', '/tree/link/b'], roots: ['/tree'], isPartial: true };
    expect(() => place({ staging, target, selection, inPlace: true, stamp: 's', onKeep })).toThrow(/link/);
    expect(readFileSync(join(root, 'target', 'a'), 'utf8')).toBe('old');
    expect(readdirSync(root).toSorted()).toEqual(['staging', 'target']);
    rmSync(root, { recursive: true });
  });

  it('are put back as far as it goes when one of them cannot be', () => {
    const root = mkdtempSync(join(tmpdir(), 'put-back-'));
    for (const folder of ['target', 'staging/content/tree'])
      mkdirSync(join(root, folder), { recursive: true });
    for (const name of ['a', 'twice']) {
      writeFileSync(join(root, 'target', name), 'old');
      writeFileSync(join(root, 'staging/content/tree', name), 'new');
    }
    using parent = openAnchor(root);
    using staging = openAnchor(join(root, 'staging'));
    const target = { path: join(root, 'target'), name: 'target', parent, [Symbol.dispose]() {} };
    // Named twice, the old one cannot be found when it is to go back.
    const include = ['/tree/a', '/tree/twice', '/tree/twice'];
    const selection = { include, roots: ['/tree'], isPartial: true };
    expect(() => place({ staging, target, selection, inPlace: true, stamp: 's', onKeep })).toThrow(
      expect.objectContaining({ code: 'failed', hint: expect.stringContaining('before-restore-s-paths') }),
    );
    expect(readFileSync(join(root, 'target', 'a'), 'utf8')).toBe('old');
    expect(readdirSync(root)).toContain('target.before-restore-s-paths');
    rmSync(root, { recursive: true });
  });
});
