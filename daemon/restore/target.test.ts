import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseTarget, type TargetOptions } from './target.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'target-'));
  mkdirSync(join(root, 'full'));
  mkdirSync(join(root, 'empty'));
  writeFileSync(join(root, 'full', 'file'), '');
});
afterAll(() => rmSync(root, { recursive: true }));

const options = (change: Partial<TargetOptions> = {}): TargetOptions => ({
  sourcePaths: [join(root, 'source')],
  planName: 'plan/name',
  requestedAt: new Date(2026, 10, 20, 9, 5).getTime(),
  stateDir: join(root, 'state'),
  repositories: [],
  home: join(root, 'home'),
  ...change,
});

describe('the default target', () => {
  it('lies beside the source and does not move while the request lives', () => {
    expect(chooseTarget({}, options())).toBe(join(root, 'source-restored-20261120-0905'));
  });

  it('lies beside what several sources have in common', () => {
    const sourcePaths = [join(root, 'a/b/one'), join(root, 'a/c/two')];
    expect(chooseTarget({}, options({ sourcePaths }))).toBe(
      join(root, 'a', 'plan_name-restored-20261120-0905'),
    );
  });

  it('lies in the home directory when the sources are not known', () => {
    expect(chooseTarget({}, options({ sourcePaths: [] }))).toBe(
      join(root, 'home', 'plan_name-restored-20261120-0905'),
    );
  });

  it('never is a directory that exists', () => {
    const taken = join(root, 'full-restored-20261120-0905');
    mkdirSync(taken);
    expect(chooseTarget({}, options({ sourcePaths: [join(root, 'full')] }))).toBe(`${taken}-2`);
  });
});

describe('a chosen target', () => {
  it('names no new directory by more bytes than a name may have, and replaces none it could not keep', () => {
    const long = join(root, 'é'.repeat(119));
    mkdirSync(long);
    const chosen = basename(chooseTarget({}, options({ sourcePaths: [long] })));
    expect(chosen).toMatch(/^é+-restored-20261120-0905$/);
    expect(Buffer.byteLength(chosen)).toBeLessThanOrEqual(255);
    expect(() => chooseTarget({ inPlace: true }, options({ sourcePaths: [long] }))).toThrow('too long');
    expect(() => chooseTarget({ target: long, conflict: 'keep' }, options())).toThrow('too long');
    const longer = `/${'x'.repeat(300)}/target`;
    expect(() => chooseTarget({ target: longer }, options())).toThrow('longer than 255 bytes');
  });

  it('may be new or empty', () => {
    expect(chooseTarget({ target: join(root, 'new/') }, options())).toBe(join(root, 'new'));
    expect(chooseTarget({ target: join(root, 'empty') }, options())).toBe(join(root, 'empty'));
  });

  it.each([
    ['the root', () => '/', 'invalid_input'],
    ['the state directory', () => join(root, 'state'), 'invalid_input'],
    ['inside the state directory', () => join(root, 'x/../state/run'), 'invalid_input'],
    ['around the state directory', () => root, 'invalid_input'],
    ['the source', () => join(root, 'source'), 'invalid_input'],
    ['inside the source', () => join(root, 'source', 'sub'), 'invalid_input'],
    ['a file', () => join(root, 'full', 'file'), 'invalid_input'],
    ['a full directory', () => join(root, 'full'), 'conflict'],
  ])('is refused when it is %s', (_what, target, code) => {
    expect(() => chooseTarget({ target: target() }, options())).toThrow(
      expect.objectContaining({ code, field: 'target' }),
    );
  });
});

describe('a target among the snapshots', () => {
  const repository = () => join(root, 'disk/olares-backups/plan');
  beforeAll(() => {
    mkdirSync(join(repository(), 'keys'), { recursive: true });
    mkdirSync(join(repository(), 'snapshots'));
    writeFileSync(join(repository(), 'config'), '');
    symlinkSync(join(root, 'disk'), join(root, 'way'));
  });

  it('is refused inside of a repository, whoever it belongs to', () => {
    for (const target of [join(repository(), 'data/new'), join(root, 'way/olares-backups/plan')])
      expect(() => chooseTarget({ target, conflict: 'keep' }, options())).toThrow('lies in the repository');
  });

  it('is refused around those of plans where it would be exchanged, or lose what the snapshot has not', () => {
    const disk = join(root, 'disk');
    const known = options({ sourcePaths: [disk], repositories: [join(disk, 'olares-backups')] });
    const around = { ...known, sourcePaths: [] };
    const way = join(root, 'way');
    for (const target of [disk, way])
      expect(() => chooseTarget({ target, conflict: 'keep' }, around)).toThrow('holds snapshots of a plan');
    const extra = { inPlace: true, deleteExtra: true };
    expect(() => chooseTarget(extra, known)).toThrow('holds snapshots of a plan');
    expect(chooseTarget({ ...extra, include: [join(disk, 'letters')] }, known)).toBe(disk);
    expect(chooseTarget({ inPlace: true }, known)).toBe(disk);
    expect(chooseTarget({ target: join(disk, 'new') }, around)).toBe(join(disk, 'new'));
  });
});

describe('a rule for files that are there', () => {
  it('lets a target hold some', () => {
    const target = join(root, 'full');
    expect(chooseTarget({ target, conflict: 'keep' }, options())).toBe(target);
  });

  it.each([
    ['the files that stay would be deleted', { conflict: 'keep', deleteExtra: true } as const],
    ['nothing can be there to delete', { deleteExtra: true }],
    ['the target is a file', { target: '/etc/hostname', conflict: 'replace' } as const],
  ])('is refused where %s', (_why, choice) => {
    expect(() => chooseTarget(choice, options())).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  it('does not exchange a directory that holds the source', () => {
    const sourcePaths = [join(root, 'full', 'source')];
    const choice = { target: join(root, 'full'), conflict: 'replace' } as const;
    expect(() => chooseTarget(choice, options({ sourcePaths }))).toThrow('holds the source');
  });
});

describe('in place', () => {
  it('is the source itself', () => {
    expect(chooseTarget({ inPlace: true }, options())).toBe(join(root, 'source'));
  });

  it('is refused for several sources, and together with another target', () => {
    const sourcePaths = [join(root, 'a'), join(root, 'b')];
    const hint = expect.stringContaining(`--in-place --include ${sourcePaths[0]}, then --in-place --include`);
    expect(() => chooseTarget({ inPlace: true }, options({ sourcePaths }))).toThrow(
      expect.objectContaining({ hint }),
    );
    expect(() => chooseTarget({ inPlace: true, target: '/elsewhere' }, options())).toThrow('not /elsewhere');
  });
});
