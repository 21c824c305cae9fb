import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bench, newRequestId } from '../testing/bench.ts';

describe('undo', () => {
  let bench: Bench;
  let target = '';
  beforeEach(() => {
    bench = new Bench();
    target = join(bench.root, 'target');
    mkdirSync(target);
  });
  afterEach(() => bench[Symbol.dispose]());

  const undo = (undoPath: string) =>
    bench.ask<'restore-undo'>({ verb: 'restore-undo', requestId: newRequestId(), target, undoPath });
  const keep = (name: string, list: object): string => {
    const kept = join(bench.root, name);
    mkdirSync(kept);
    writeFileSync(join(kept, '.olares-undo.json'), JSON.stringify(list), { mode: 0o600 });
    return kept;
  };

  it('follows no list that lay in the tree of the person', async () => {
    const victim = join(bench.root, 'victim');
    writeFileSync(victim, 'mine');
    const kept = keep('target.before-restore-1', { replaced: [], added: ['../victim'] });
    writeFileSync(join(kept, 'old'), 'old');
    expect((await undo(kept)).error).toBeUndefined();
    expect(readFileSync(victim, 'utf8')).toBe('mine');
    expect(readFileSync(join(target, 'old'), 'utf8')).toBe('old');
  });

  it('refuses a list that leads out of the target', async () => {
    const victim = join(bench.root, 'victim');
    writeFileSync(victim, 'mine');
    const kept = keep('target.before-restore-1-paths', { replaced: [], added: ['../victim'] });
    expect((await undo(kept)).error).toMatchObject({ code: 'integrity' });
    expect(readFileSync(victim, 'utf8')).toBe('mine');
  });

  it('puts no link in the place of the target that somebody has put in the place of the old files', async () => {
    const kept = join(bench.root, 'target.before-restore-1');
    symlinkSync('/etc', kept);
    expect((await undo(kept)).error).toMatchObject({ code: 'not_found' });
    expect(lstatSync(target).isDirectory()).toBe(true);
  });

  it('removes of what it kept only the list and what is empty', async () => {
    const victim = join(bench.root, 'victim');
    mkdirSync(victim);
    writeFileSync(join(victim, 'file'), 'mine');
    const kept = keep('target.before-restore-1-paths', { replaced: ['in/a'], added: [] });
    mkdirSync(join(kept, 'in'));
    writeFileSync(join(kept, 'in/a'), 'old');
    const other = keep('target.before-restore-2-paths', { replaced: [], added: [] });
    symlinkSync(victim, join(other, 'link'));
    mkdirSync(join(other, 'inner'));
    writeFileSync(join(other, 'inner/file'), 'mine');
    for (const path of [kept, other]) expect((await undo(path)).error).toBeUndefined();
    expect(readFileSync(join(target, 'in/a'), 'utf8')).toBe('old');
    expect(existsSync(kept)).toBe(false);
    expect(readdirSync(other)).toEqual(['inner', 'link']);
    expect(readFileSync(join(victim, 'file'), 'utf8')).toBe('mine');
  });

  it('takes back a restore that was killed between two of its paths', async () => {
    const kept = keep('target.before-restore-1-paths', { replaced: ['a', 'b'], added: ['c'] });
    for (const name of ['a', 'b']) writeFileSync(join(target, name), `old ${name}`);
    renameSync(join(target, 'a'), join(kept, 'a'));
    writeFileSync(join(target, 'a'), 'new a');
    expect((await undo(kept)).error).toBeUndefined();
    expect(['a', 'b'].map((name) => readFileSync(join(target, name), 'utf8'))).toEqual(['old a', 'old b']);
    expect(existsSync(join(target, 'c'))).toBe(false);
  });
});
