import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, newRequestId } from '../testing/bench.ts';

describe('a restore that is meant to do harm', () => {
  const bench = new Bench();
  let snapshotId = '';

  beforeAll(async () => {
    await bench.makeRepository();
    const source = join(bench.root, 'source');
    mkdirSync(source);
    writeFileSync(join(source, 'file'), 'content');
    const lines = bench.restic(['backup', source]).trim().split('\n');
    snapshotId = (JSON.parse(lines.at(-1) ?? '') as { snapshot_id: string }).snapshot_id;
  });
  afterAll(() => bench[Symbol.dispose]());

  const restoreTo = (target: string, more: object = {}) => {
    const request = {
      verb: 'restore',
      ...bench.common,
      requestId: newRequestId(),
      snapshotId,
      choice: {},
      target,
      key: 'machine',
      ...more,
    } as const;
    bench.grant(request);
    return bench.ask<'restore'>(request);
  };

  it('does not take a file of this machine for one of the snapshot', async () => {
    const victim = join(bench.root, 'victim');
    writeFileSync(victim, 'mine');
    const subPath = `/../../../../../../..${victim}`;
    const { error } = await restoreTo(join(bench.root, 'restored'), { subPath });
    expect(existsSync(victim)).toBe(true);
    expect(error).toMatchObject({ code: 'integrity' });
  });

  it('does not reach the state directory through a link', async () => {
    const link = join(bench.root, 'link');
    symlinkSync(bench.root, link);
    const before = readdirSync(bench.stateDir);
    const { error } = await restoreTo(join(link, 'state'), { choice: { inPlace: true } });
    expect(error).toMatchObject({ code: 'invalid_input', field: 'target' });
    expect(readdirSync(bench.stateDir)).toEqual(before);
  });
});
