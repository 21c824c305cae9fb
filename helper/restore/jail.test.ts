import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HelperRequestOf } from '../../contract/helper-messages.ts';
import { Bench, newRequestId } from '../testing/bench.ts';

const isRoot = process.geteuid?.() === 0;
describe('a hostile restore', () => {
  const bench = new Bench();
  const source = join(bench.root, 'source');
  let snapshotId = '';

  beforeAll(async () => {
    await bench.makeRepository();
    mkdirSync(join(source, 'sub'), { recursive: true });
    for (let count = 0; count < 200; count += 1)
      writeFileSync(join(source, 'sub', `file${count}`), `${count}`);
    writeFileSync(join(source, 'suid'), 'x');
    writeFileSync(join(source, 'sgid'), 'x');
    chmodSync(join(source, 'suid'), 0o4755);
    chmodSync(join(source, 'sgid'), 0o2755);
    if (isRoot) execFileSync('mknod', [join(source, 'disk'), 'b', '7', '0']);
    const request: HelperRequestOf<'backup'> = {
      verb: 'backup',
      ...bench.common,
      paths: [source],
      excludes: [],
      tags: [],
      repairFirst: false,
    };
    snapshotId = (await bench.ask<'backup'>(request)).result.snapshotId ?? '';
  });
  afterAll(() => bench[Symbol.dispose]());

  const restoreTo = (target: string, choice: HelperRequestOf<'restore'>['choice'] = {}) => {
    const request: HelperRequestOf<'restore'> = {
      verb: 'restore',
      ...bench.common,
      requestId: newRequestId(),
      snapshotId,
      choice,
      subPath: source,
      target,
      key: 'machine',
    };
    bench.grant(request);
    return bench.ask<'restore'>(request);
  };

  it.runIf(isRoot)('brings back no setuid bit and no device, and names them', async () => {
    const target = join(bench.root, 'evil');
    const { result } = await restoreTo(target);
    const names = result.stripped.first.map(
      ({ path, reason }) => `${path.slice(source.length + 1)}: ${reason}`,
    );
    expect(names.toSorted()).toEqual(['disk: a device node', 'sgid: its setgid bit', 'suid: its setuid bit']);
    expect(existsSync(join(target, 'disk'))).toBe(false);
    expect(statSync(join(target, 'suid')).mode & 0o7777).toBe(0o755);
  });

  it('keeps them when the person asks for it', async () => {
    const target = join(bench.root, 'kept');
    const { result } = await restoreTo(target, { keepSpecial: true });
    expect(result.stripped.count).toBe(0);
    expect(statSync(join(target, 'suid')).mode & 0o7777).toBe(0o4755);
    expect(existsSync(join(target, 'disk'))).toBe(isRoot);
  });

  it('does nothing without a grant', async () => {
    const request: HelperRequestOf<'restore'> = {
      verb: 'restore',
      ...bench.common,
      requestId: newRequestId(),
      snapshotId,
      choice: {},
      subPath: source,
      target: join(bench.root, 'free'),
      key: 'machine',
    };
    expect((await bench.ask<'restore'>(request)).error).toMatchObject({ code: 'refused' });
    expect(existsSync(join(bench.root, 'free'))).toBe(false);
  });

  it.each(['/tmp/../etc/x', '/', '/etc/x/'])('refuses the target %s', async (target) => {
    expect((await restoreTo(target)).error).toMatchObject({ code: 'invalid_input' });
  });

  it('refuses a target around or inside the state directory, and one that is a link', async () => {
    expect((await restoreTo(join(bench.stateDir, 'x'))).error).toMatchObject({ code: 'invalid_input' });
    expect((await restoreTo(bench.root, { inPlace: true })).error).toMatchObject({ code: 'invalid_input' });
    symlinkSync('/etc', join(bench.root, 'link'));
    expect((await restoreTo(join(bench.root, 'link'), { inPlace: true })).error).toMatchObject({
      code: 'conflict',
    });
  });

  it('restores nothing through a link inside the target', async () => {
    const target = join(bench.root, 'linked');
    const prey = join(bench.root, 'linked-prey');
    mkdirSync(target);
    mkdirSync(prey);
    symlinkSync(prey, join(target, 'sub'));
    const { error } = await restoreTo(target, { inPlace: true, include: [join(source, 'sub', 'file1')] });
    expect(error).toMatchObject({ code: 'conflict' });
    expect(readdirSync(prey)).toEqual([]);
  });
});
