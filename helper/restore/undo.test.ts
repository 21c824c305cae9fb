import { mkdirSync, readFileSync, renameSync, writeFileSync, existsSync } from 'node:fs';
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
