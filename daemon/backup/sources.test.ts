import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lookAtSources } from './sources.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sources-'));
  mkdirSync(join(root, 'full'));
  mkdirSync(join(root, 'empty'));
  writeFileSync(join(root, 'full', 'file'), '');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = (name: string): string => join(root, name);

it('finds nothing wrong with what it sees for the first time, and remembers it', async () => {
  const report = await lookAtSources([at('full'), at('empty'), '/proc'], {});
  expect(report).toMatchObject({ troubles: [], areAllMissing: false });
  expect(report.remember).toEqual({
    [at('full')]: { isMount: false, hadFiles: true },
    [at('empty')]: { isMount: false, hadFiles: false },
    '/proc': { isMount: true, hadFiles: true },
  });
});

it('names a source that is gone, and says when all are', async () => {
  const some = await lookAtSources([at('full'), at('gone'), at('full/file/below')], {});
  expect(some.troubles.map(({ code, path }) => [code, path])).toEqual([
    ['source_missing', at('gone')],
    ['source_missing', at('full/file/below')],
  ]);
  expect(some.areAllMissing).toBe(false);
  expect((await lookAtSources([at('gone')], {})).areAllMissing).toBe(true);
});

it('notices a directory that lost all its files', async () => {
  const { remember } = await lookAtSources([at('full')], {});
  rmSync(at('full/file'));
  const { troubles } = await lookAtSources([at('full')], remember);
  expect(troubles).toMatchObject([{ code: 'source_empty', message: expect.stringContaining(at('full')) }]);
});

it('notices a disk that is not mounted any more, even when files lie below', async () => {
  const { troubles } = await lookAtSources([at('full')], { [at('full')]: { isMount: true, hadFiles: true } });
  expect(troubles).toMatchObject([
    { code: 'source_missing', message: expect.stringContaining('not mounted') },
  ]);
});

it('takes a single file and a dangling link for what they are', async () => {
  symlinkSync('/nowhere', at('link'));
  const { troubles } = await lookAtSources([at('full/file'), at('link')], {});
  expect(troubles).toEqual([]);
});
