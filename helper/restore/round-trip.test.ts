import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArmSummary, HelperOutput, HelperRequestOf } from '../../contract/helper-messages.ts';
import { Bench, newRequestId, type AskOptions } from '../testing/bench.ts';
import { describeTree, makeOddTree } from '../testing/odd-tree.ts';

const PASSWORD = 'orange tripod Zeppelin 42';
const RECOVERY = 'abandon ability able about above absent';

describe('one repository from arming to restore', () => {
  const bench = new Bench();
  const source = join(bench.root, 'source [a*b]');
  let armed: ArmSummary;
  let snapshotId = '';

  beforeAll(async () => {
    mkdirSync(source);
    makeOddTree(source);
    const request = {
      verb: 'arm',
      ...bench.common,
      mode: 'create',
      recovery: true,
      channelPath: bench.channelPath(),
    } as const;
    const answer = await bench.ask<'arm'>(request, { secret: { password: PASSWORD, recovery: RECOVERY } });
    expect(answer.error).toBeUndefined();
    expect(answer.verdict).toEqual({ ok: true });
    armed = answer.result;
    const backup: HelperRequestOf<'backup'> = {
      verb: 'backup',
      ...bench.common,
      access: pinned(),
      paths: [source],
      excludes: [],
      tags: ['t'],
      repairFirst: false,
    };
    const made = await bench.ask<'backup'>(backup);
    expect(made.error).toBeUndefined();
    snapshotId = made.result.snapshotId ?? '';
  });
  afterAll(() => bench[Symbol.dispose]());

  const pinned = () => ({ ...bench.common.access, expectId: armed.repositoryId });
  const restoreTo = async (target: string, more: object = {}, options: AskOptions = {}) => {
    const request = {
      verb: 'restore',
      ...bench.common,
      access: pinned(),
      requestId: newRequestId(),
      snapshotId,
      choice: {},
      subPath: source,
      target,
      key: 'machine',
      ...more,
    } as const;
    bench.grant(request);
    return bench.ask<'restore'>(request, options);
  };

  it('arms with three keys that name neither machine nor person', () => {
    expect(armed.keys.map(({ role }) => role).toSorted()).toEqual(['machine', 'recovery', 'user']);
    const files = armed.capsule.keys.map(
      ({ content }) => JSON.parse(Buffer.from(content, 'base64').toString()) as Record<string, unknown>,
    );
    expect(files.map(({ hostname }) => hostname)).toEqual([
      'olares-backup',
      'olares-backup',
      'olares-backup',
    ]);
    expect(files.map(({ username }) => username).toSorted()).toEqual(['machine', 'recovery', 'user']);
  });

  it('keeps the machine key where only its owner can read it', () => {
    expect(statSync(join(bench.stateDir, 'keys', 'machine.key')).mode & 0o777).toBe(0o600);
    expect(statSync(join(bench.stateDir, 'keys')).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['the password', PASSWORD],
    ['the recovery words', RECOVERY],
  ])('opens with stock restic and %s alone', (_name, secret) => {
    expect(bench.restic(['snapshots'], secret)).toContain(snapshotId);
  });

  it('lists its snapshots', async () => {
    const { result } = await bench.ask<'snapshots'>({ verb: 'snapshots', ...bench.common, access: pinned() });
    expect(result).toMatchObject([{ resticId: snapshotId, host: 'machine-1', paths: [source], tags: ['t'] }]);
    expect(result[0]?.addedBytes).toBeGreaterThan(0);
  });

  it('lists one directory, with unix modes', async () => {
    const { result } = await bench.ask<'ls'>({ verb: 'ls', ...bench.common, snapshotId, path: source });
    expect(result.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['plain', 'new\nline', '-rf', 'sub']),
    );
    expect(result.some(({ name }) => name === 'big')).toBe(false);
    expect(result.find(({ name }) => name === 'sub')?.mode).toBe(0o2750);
  });

  it('says that a path is not in the snapshot', async () => {
    const { error } = await bench.ask<'ls'>({ verb: 'ls', ...bench.common, snapshotId, path: '/nowhere' });
    expect(error).toMatchObject({ code: 'not_found' });
  });

  it('restores bit for bit', async () => {
    const target = join(bench.root, 'restored');
    const { result, error } = await restoreTo(target);
    expect(error).toBeUndefined();
    expect(describeTree(target)).toEqual(describeTree(source));
    expect(result).toMatchObject({ target, skipped: { count: 0 }, stripped: { count: 0 }, warnings: [] });
    expect(result.filesVerified).toBeGreaterThan(15);
    expect(readdirSync(bench.root).filter((name) => name.startsWith('.olares'))).toEqual([]);
  });

  it('takes the names of an include by letter, not as patterns', async () => {
    const target = join(bench.root, 'some');
    const include = ['a*b', '[x]', 'new\nline', '#c', '$HOME', 'back\\slash'].map((name) =>
      join(source, name),
    );
    expect((await restoreTo(target, { choice: { include } })).error).toBeUndefined();
    expect(readdirSync(target).toSorted()).toEqual(['#c', '$HOME', '[x]', 'a*b', 'back\\slash', 'new\nline']);
  });

  it('keeps the former tree of a restore in place, and undoes it', async () => {
    const target = join(bench.root, 'in-place');
    mkdirSync(target);
    writeFileSync(join(target, 'plain'), 'changed since');
    writeFileSync(join(target, 'new file'), 'new');
    const before = describeTree(target);
    const choice = { inPlace: true, deleteExtra: true };
    const { result, error } = await restoreTo(target, { choice });
    expect(error).toBeUndefined();
    expect(describeTree(target)).toEqual(describeTree(source));
    const undoPath = result.undoPath ?? '';
    expect(describeTree(undoPath)).toEqual(before);
    const undone = await bench.ask<'restore-undo'>({
      verb: 'restore-undo',
      requestId: newRequestId(),
      target,
      undoPath,
    });
    expect(undone.error).toBeUndefined();
    expect(describeTree(target)).toEqual(before);
  });

  it('tells where the old files go before they do, and leaves no record of it', async () => {
    const target = join(bench.root, 'told');
    mkdirSync(target);
    writeFileSync(join(target, 'plain'), 'old');
    const { result, outputs } = await restoreTo(target, { choice: { inPlace: true } });
    expect(outputs).toContainEqual({ type: 'kept', undoPath: result.undoPath });
    expect(readdirSync(join(bench.stateDir, 'run', 'placing'))).toEqual([]);
    const request = { verb: 'restore-forget', target, undoPath: result.undoPath ?? '' } as const;
    expect((await bench.ask<'restore-forget'>(request)).error).toBeUndefined();
    expect(existsSync(result.undoPath ?? '')).toBe(false);
    expect(existsSync(target)).toBe(true);
  });

  it('is done when the files are in place, although something cannot be cleared away', async () => {
    const target = join(bench.root, 'not-cleared');
    const onOutput = (output: HelperOutput) => {
      if (output.type !== 'progress' || output.progress.phase !== 'verifying') return;
      writeFileSync(join(bench.stateDir, 'run', `staging-${process.pid}`, 'left'), '');
    };
    const { result, error, outputs } = await restoreTo(target, {}, { onOutput });
    rmSync(join(bench.stateDir, 'run', `staging-${process.pid}`), { recursive: true });
    expect(error).toBeUndefined();
    expect(result).toMatchObject({ kind: 'restore', target });
    expect(outputs).toContainEqual(expect.objectContaining({ type: 'log', level: 'warn' }));
    expect(describeTree(target)).toEqual(describeTree(source));
  });

  it('exchanges only the included paths in place, and undoes that', async () => {
    const target = join(bench.root, 'partly');
    mkdirSync(join(target, 'sub'), { recursive: true });
    writeFileSync(join(target, 'plain'), 'changed since');
    writeFileSync(join(target, 'sub', 'mine'), 'mine');
    const before = describeTree(target).map((line) => line.split('|')[7]);
    const include = [join(source, 'plain'), join(source, 'sub', 'big')];
    const { result } = await restoreTo(target, { choice: { inPlace: true, include } });
    expect(readFileSync(join(target, 'plain'), 'utf8')).toBe('content of plain');
    expect(readdirSync(join(target, 'sub'))).toEqual(['big', 'mine']);
    await bench.ask<'restore-undo'>({
      verb: 'restore-undo',
      requestId: newRequestId(),
      target,
      undoPath: result.undoPath ?? '',
    });
    expect(describeTree(target).map((line) => line.split('|')[7])).toEqual(before);
  });

  it('previews what a restore would change', async () => {
    const target = join(bench.root, 'previewed');
    execFileSync('cp', ['-a', source, target]);
    writeFileSync(join(target, 'plain'), 'changed since');
    writeFileSync(join(target, 'extra'), 'extra');
    rmSync(join(target, '-rf'));
    const request = {
      verb: 'restore-preview',
      ...bench.common,
      snapshotId,
      choice: { inPlace: true },
      subPath: source,
      target,
    } as const;
    const { result, error } = await bench.ask<'restore-preview'>(request);
    expect(error).toBeUndefined();
    // One name is no valid text, so it cannot be looked up: it counts as new, its old self as extra.
    expect(result).toMatchObject({
      filesNew: 2,
      filesChanged: 1,
      filesExtra: 2,
      inPlace: true,
      targetExists: true,
      fits: true,
    });
    expect(result.filesTotal).toBe(result.filesNew + result.filesChanged + result.filesUnchanged);
  });

  it('looks at a few names only where all is new and how much it is is known', async () => {
    const request = {
      verb: 'restore-preview',
      ...bench.common,
      snapshotId,
      choice: {},
      subPath: source,
      target: join(bench.root, 'not-there'),
      totals: { files: 1_000_000, bytes: 5 },
    } as const;
    const { result } = await bench.ask<'restore-preview'>(request);
    expect(result).toMatchObject({ filesTotal: 1_000_000, filesNew: 1_000_000, bytesToFetch: 5, fits: true });
    expect(result.samples?.added).toHaveLength(8);
    const ask = (include: string[]) => bench.ask<'restore-preview'>({ ...request, choice: { include } });
    expect((await ask([join(source, 'plain')])).result).toMatchObject({ filesTotal: 1, filesNew: 1 });
    expect((await ask([source])).result.filesTotal).toBeLessThan(1_000);
  });

  it('never writes to a target that holds something', async () => {
    const { error } = await restoreTo(source);
    expect(error).toMatchObject({ code: 'conflict', hint: expect.stringContaining('--in-place') as string });
  });

  it('refuses to make a repository where one is', async () => {
    const request = {
      verb: 'arm',
      ...bench.common,
      mode: 'create',
      recovery: false,
      channelPath: bench.channelPath(),
    } as const;
    const { error, verdict } = await bench.ask<'arm'>(request, { secret: { password: PASSWORD } });
    expect(error).toMatchObject({ code: 'conflict', hint: expect.stringContaining('adopt') as string });
    expect(verdict).toMatchObject({ ok: false, error: { code: 'conflict' } });
  });

  it('restores on a machine without a machine key by the typed password', async () => {
    const target = join(bench.root, 'disaster');
    const request = {
      verb: 'restore',
      ...bench.common,
      requestId: newRequestId(),
      snapshotId,
      choice: {},
      subPath: join(source, 'sub'),
      target,
      key: 'typed',
      channelPath: bench.channelPath(),
    } as const;
    const wrong = await bench.ask<'restore'>(request, { secret: { password: 'not this one' } });
    expect(wrong).toMatchObject({ error: { code: 'wrong_password' }, verdict: { ok: false } });
    expect(existsSync(target)).toBe(false);
    const right = await bench.ask<'restore'>(request, { secret: { password: PASSWORD } });
    expect(right).toMatchObject({ error: undefined, verdict: { ok: true } });
    expect(describeTree(target)).toEqual(describeTree(join(source, 'sub')));
  });

  it('changes the password without touching the data', async () => {
    const old = armed.keys.find(({ role }) => role === 'user')?.id ?? '';
    const request: HelperRequestOf<'key-replace'> = {
      verb: 'key-replace',
      ...bench.common,
      role: 'user',
      removeIds: [old],
      channelPath: bench.channelPath(),
    };
    const { result, error } = await bench.ask<'key-replace'>(request, {
      secret: { password: 'a whole new secret' },
    });
    expect(error).toBeUndefined();
    expect(result.keys.map(({ role }) => role).toSorted()).toEqual(['machine', 'recovery', 'user']);
    expect(result.keys.some(({ id }) => id === old)).toBe(false);
    expect(bench.restic(['snapshots'], 'a whole new secret')).toContain(snapshotId);
    expect(() => bench.restic(['snapshots'], PASSWORD)).toThrow();
  });
});
