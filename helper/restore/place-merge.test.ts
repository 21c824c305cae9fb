import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MergedFiles } from '../../contract/model/job.ts';
import { describeTree } from '../testing/odd-tree.ts';
import { openAnchor } from './anchor.ts';
import { keptBytes } from './kept-bytes.ts';
import { place, type Placing } from './place.ts';

const STAMP = '20261120-181200';
const OLD_TIME = 1_700_000_000;

describe('a restore into a directory that holds files', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'merge-'));
    for (const [name, content] of Object.entries({
      both: 'old',
      same: 'same',
      'sub/both': 'old',
      'sub/extra': 'extra',
      'more/deep/extra': 'extra',
      'was-file': 'old',
      'was-dir/inner': 'old',
    }))
      write(join('target', name), content);
    symlinkSync('elsewhere', join(root, 'target/link'));
    for (const [name, content] of Object.entries({
      both: 'new content',
      same: 'same',
      'sub/both': 'new content',
      'sub/added': 'added',
      'was-file/inner': 'new',
      'was-dir': 'new',
      'new/added': 'added',
    }))
      write(join('staging/content/tree', name), content);
    for (const side of ['target', 'staging/content/tree'])
      utimesSync(join(root, side, 'same'), OLD_TIME, OLD_TIME);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const read = (path: string) => readFileSync(join(root, 'target', path), 'utf8');
  const restore = (rules: Partial<Placing>, include?: string[]) => {
    using parent = openAnchor(root);
    using staging = openAnchor(join(root, 'staging'));
    let merged: MergedFiles | undefined;
    const undoPath = place({
      staging,
      target: { path: join(root, 'target'), name: 'target', parent, [Symbol.dispose]() {} },
      selection: { include: include ?? ['/tree'], roots: ['/tree'], isPartial: include !== undefined },
      inPlace: true,
      stamp: STAMP,
      onKeep: () => undefined,
      onMerged: (counts) => (merged = counts),
      ...rules,
    });
    return { undoPath, merged };
  };

  it('replaces what both have, leaves what only the target has, and keeps the whole old tree', () => {
    const before = describeTree(join(root, 'target'));
    const { undoPath, merged } = restore({});
    expect(read('both') + read('sub/both')).toBe('new contentnew content');
    expect(read('sub/extra') + read('more/deep/extra') + read('sub/added')).toBe('extraextraadded');
    expect(readlinkSync(join(root, 'target/link'))).toBe('elsewhere');
    expect(read('was-file/inner') + read('was-dir')).toBe('newnew');
    expect(merged).toEqual({ added: 2, replaced: 5, same: 0, kept: 0, renamed: 0, extra: 3, deleted: 0 });
    expect(describeTree(undoPath ?? '')).toEqual(before);
  });

  it('keeps only what was replaced at the cost of space', () => {
    write('target/large-extra', 'x'.repeat(1_000_000));
    write('target/both', 'x'.repeat(500_000));
    const { undoPath } = restore({});
    using parent = openAnchor(root);
    const bytes = keptBytes(parent, basename(undoPath ?? '')) ?? 0;
    expect(bytes).toBeGreaterThanOrEqual(500_000);
    expect(bytes).toBeLessThan(1_000_000);
    expect(keptBytes(parent, 'nothing')).toBeUndefined();
  });

  it('deletes what only the target has when it is told so, and keeps it for undo', () => {
    const fresh = describeTree(join(root, 'staging/content/tree'));
    const { undoPath, merged } = restore({ deleteExtra: true });
    expect(describeTree(join(root, 'target'))).toEqual(fresh);
    expect(merged).toMatchObject({ extra: 0, deleted: 3 });
    expect(readFileSync(join(undoPath ?? '', 'sub/extra'), 'utf8')).toBe('extra');
  });

  it.each([undefined, ['/tree/sub', '/tree/more', '/tree/same']])(
    'deletes nothing that the snapshot has, but that could not be brought (of %s)',
    (include) => {
      rmSync(join(root, 'staging/content/tree/sub/both'));
      rmSync(join(root, 'staging/content/tree/more'), { recursive: true, force: true });
      mkdirSync(join(root, 'staging/content/tree/more'));
      const left = { paths: ['/tree/sub/both', '/tree/more/deep/dev\ufffd'], modes: new Map() };
      write('target/more/other', 'extra');
      const { merged } = restore({ deleteExtra: true, left }, include);
      expect(read('sub/both') + read('more/deep/extra')).toBe('oldextra');
      expect(existsSync(join(root, 'target/sub/extra')) || existsSync(join(root, 'target/more/other'))).toBe(
        false,
      );
      expect(merged).toMatchObject({ kept: 2, extra: 0 });
    },
  );

  it.each(['different', 'rename'] as const)(
    'leaves with "%s" a program that is the same but for the setuid bit that is not brought',
    (conflict) => {
      chmodSync(join(root, 'target/same'), 0o4755);
      chmodSync(join(root, 'staging/content/tree/same'), 0o755);
      const { ino, mode } = statSync(join(root, 'staging/content/tree/same'));
      const { merged } = restore({ conflict, left: { paths: [], modes: new Map([[ino, mode | 0o4000]]) } });
      expect(statSync(join(root, 'target/same')).mode & 0o7777).toBe(0o4755);
      expect(merged).toMatchObject({ same: 1 });
    },
  );

  it('leaves every file that is there with "keep"', () => {
    const { merged } = restore({ conflict: 'keep' });
    expect(read('both') + read('was-file') + read('was-dir/inner')).toBe('oldoldold');
    expect(read('new/added') + read('sub/added')).toBe('addedadded');
    expect(merged).toMatchObject({ added: 2, kept: 5, replaced: 0, extra: 3 });
  });

  it('leaves the very file that is the same with "different"', () => {
    const { ino } = statSync(join(root, 'target/same'));
    const { merged } = restore({ conflict: 'different' });
    expect(statSync(join(root, 'target/same')).ino).toBe(ino);
    expect(read('both')).toBe('new content');
    expect(merged).toMatchObject({ same: 1, replaced: 4 });
  });

  it('brings files under a new name beside those that stay with "rename"', () => {
    write('target/both (restored 20261120-181200)', 'taken');
    const { merged } = restore({ conflict: 'rename' });
    expect(read('both')).toBe('old');
    expect(read(`both (restored ${STAMP} 2)`)).toBe('new content');
    expect(readdirSync(join(root, 'target/sub'))).toContain(`both (restored ${STAMP})`);
    expect(read(`was-file (restored ${STAMP})/inner`)).toBe('new');
    expect(merged).toMatchObject({ renamed: 4, same: 1, replaced: 0 });
  });

  it('cuts no long name within a character to make room for the mark', () => {
    const name = `x${'é'.repeat(120)}.txt`;
    write(join('target', name), 'old');
    write(join('staging/content/tree', name), 'new content');
    restore({ conflict: 'rename' });
    const brought = readdirSync(join(root, 'target')).find((each) => /^xé.*restored/.test(each)) ?? '';
    expect(Buffer.byteLength(brought)).toBeLessThanOrEqual(255);
    expect(brought).toMatch(/^xé+ \(restored .*\)\.txt$/);
  });

  it('moves nothing when there is nothing to bring', () => {
    rmSync(join(root, 'staging/content/tree'), { recursive: true });
    write('staging/content/tree/both', 'new');
    const { ino } = statSync(join(root, 'target'));
    expect(restore({ conflict: 'keep' })).toMatchObject({ undoPath: undefined, merged: { kept: 1 } });
    expect(statSync(join(root, 'target')).ino).toBe(ino);
  });

  it('gives directories the rights of the snapshot, and those it does not have their own', () => {
    chmodSync(join(root, 'staging/content/tree/sub'), 0o550);
    chmodSync(join(root, 'target/more'), 0o710);
    restore({});
    expect(lstatSync(join(root, 'target/sub')).mode & 0o777).toBe(0o550);
    expect(lstatSync(join(root, 'target/more')).mode & 0o777).toBe(0o710);
    chmodSync(join(root, 'target/sub'), 0o750);
  });

  it('gives directories their times to the microsecond, also those before 1970', () => {
    utimesSync(join(root, 'target/more'), 0, '-1000.25');
    utimesSync(join(root, 'staging/content/tree/sub'), 0, '1700000000.123456');
    const timeOf = (path: string) => lstatSync(join(root, path), { bigint: true }).mtimeNs / 1_000n;
    const wanted = [timeOf('target/more'), timeOf('staging/content/tree/sub')];
    expect(wanted[0]).toBeLessThan(0n);
    restore({});
    expect([timeOf('target/more'), timeOf('target/sub')]).toEqual(wanted);
  });

  it('refuses a target whose directories have access lists, which it could not keep', (context) => {
    const { error } = spawnSync('setfacl', ['-m', 'u:1234:rwx', join(root, 'target/more/deep')]);
    if (error) context.skip('setfacl is not there');
    const before = describeTree(join(root, 'target'));
    expect(() => restore({ conflict: 'rename' })).toThrow('access lists');
    expect(describeTree(join(root, 'target'))).toEqual(before);
  });

  it('follows no link of the target', () => {
    write('outside/secret', 'mine');
    rmSync(join(root, 'target/sub'), { recursive: true });
    symlinkSync(join(root, 'outside'), join(root, 'target/sub'));
    restore({ conflict: 'rename' });
    expect(readdirSync(join(root, 'outside'))).toEqual(['secret']);
    expect(readlinkSync(join(root, 'target/sub'))).toBe(join(root, 'outside'));
    expect(read(`sub (restored ${STAMP})/added`)).toBe('added');
  });

  it.each(['keep', 'rename'] as const)('applies "%s" to single paths, too', (conflict) => {
    const { undoPath, merged } = restore({ conflict }, ['/tree/both', '/tree/new', '/tree/sub']);
    expect(read('both') + read('sub/both') + read('new/added')).toBe('oldoldadded');
    expect(existsSync(join(root, 'target', `both (restored ${STAMP})`))).toBe(conflict === 'rename');
    expect(merged).toMatchObject({ added: 2, [conflict === 'keep' ? 'kept' : 'renamed']: 2 });
    expect(readdirSync(undoPath ?? '')).toContain('sub');
  });

  it('puts paths of several roots where the roots lie', () => {
    write('staging/content/other/both', 'of other');
    write('target/tree/both', 'old');
    const roots = ['/tree', '/other'];
    restore({ selection: { roots, include: ['/tree/both', '/other'], isPartial: true } });
    expect(read('tree/both') + read('other/both') + read('both')).toBe('new contentof otherold');
    expect(existsSync(join(root, 'target/tree/sub'))).toBe(false);
  });

  it('names the path that cannot be replaced, and leaves all others as they were', (context) => {
    const stuck = join(root, 'target/sub/both');
    const isMarked = spawnSync('chattr', ['+i', stuck]).status === 0;
    context.skip(!isMarked, 'files cannot be made immutable here');
    const before = readdirSync(join(root, 'target'), { recursive: true });
    const contents = read('both') + read('sub/both');
    try {
      expect(() => restore({}, ['/tree/both', '/tree/sub/both'])).toThrow(
        expect.objectContaining({
          message: expect.stringMatching(/^both in .*target could not be replaced/),
        }),
      );
    } finally {
      spawnSync('chattr', ['-i', stuck]);
    }
    expect(readdirSync(join(root, 'target'), { recursive: true })).toEqual(before);
    expect(read('both') + read('sub/both')).toBe(contents);
    expect(readdirSync(root).toSorted()).toEqual(['staging', 'target']);
  });

  it('merges several roots with the directories of their names', () => {
    write('staging/content/other/both', 'of other');
    write('target/tree/extra', 'extra');
    const roots = ['/tree', '/other'];
    const { merged } = restore({ selection: { roots, include: roots, isPartial: false } });
    expect(read('tree/both') + read('tree/extra') + read('other/both')).toBe('new contentextraof other');
    expect(merged).toMatchObject({ replaced: 0, deleted: 0 });
  });

  it('keeps a target that is a single file, or brings the other beside it', () => {
    rmSync(join(root, 'target'), { recursive: true });
    rmSync(join(root, 'staging/content/tree'), { recursive: true });
    write('target', 'old');
    write('staging/content/tree', 'new content');
    expect(restore({ conflict: 'rename' })).toMatchObject({ undoPath: undefined, merged: { renamed: 1 } });
    expect(readFileSync(join(root, 'target'), 'utf8')).toBe('old');
    expect(readFileSync(join(root, `target (restored ${STAMP})`), 'utf8')).toBe('new content');
  });
});
