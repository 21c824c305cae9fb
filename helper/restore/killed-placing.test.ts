import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import type { Session } from '../session.ts';
import { Bench } from '../testing/bench.ts';
import { openAnchor } from './anchor.ts';
import { place, type Placing } from './place.ts';
import { dropPlaceRecord, writePlaceRecord } from './place-record.ts';
import { undo } from './undo.ts';

/** How many changes of the file system are still made before the process is dead: after it nothing is, not even a way back. */
const life = vi.hoisted(() => ({ left: Infinity }));

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const mortal = <A extends unknown[], R>(change: (...args: A) => R) =>
    vi.fn((...args: A): R => {
      if (life.left <= 0) throw new Error('killed');
      life.left -= 1;
      return change(...args);
    });
  const names = [
    'renameSync',
    'linkSync',
    'unlinkSync',
    'mkdirSync',
    'rmSync',
    'rmdirSync',
    'chmodSync',
    'fchmodSync',
    'chownSync',
    'utimesSync',
    'writeFileSync',
  ] as const;
  const changes = names.map((name) => [name, mortal(real[name] as (...args: unknown[]) => unknown)]);
  return { ...real, ...(Object.fromEntries(changes) as object) };
});

const DEAD = { pid: 1, startTicks: -1 };
const REQUEST = '00000000-0000-4000-8000-000000000001';
const STAMP = '20261120-181200';
const MOST_STEPS = 200;

const OLD = {
  both: 'old',
  'more/deep/extra': 'extra',
  'sub/both': 'old',
  'sub/extra': 'extra',
  'was-dir/inner': 'old',
  'was-file': 'old',
};
const NEW = { both: 'new', 'sub/both': 'new', 'sub/added': 'new', 'was-file/inner': 'new', 'was-dir': 'new' };

/** A target with old files, and a staged tree that is to be placed there. */
class Scene {
  readonly bench = new Bench();
  readonly root = fs.mkdtempSync(join(tmpdir(), 'killed-'));
  readonly target = join(this.root, 'target');
  undoPath: string | undefined;

  constructor() {
    for (const [name, content] of Object.entries(OLD)) this.#write(join('target', name), content);
    for (const [name, content] of Object.entries(NEW))
      this.#write(join('staging/content/tree', name), content);
  }

  #write(path: string, content: string): void {
    fs.mkdirSync(dirname(join(this.root, path)), { recursive: true });
    fs.writeFileSync(join(this.root, path), content);
  }

  restore({ include, ...rules }: Rules): void {
    using parent = openAnchor(this.root);
    using staging = openAnchor(join(this.root, 'staging'));
    place({
      staging,
      target: { path: this.target, name: 'target', parent, [Symbol.dispose]() {} },
      selection: { include: include ?? ['/tree'], roots: ['/tree'], isPartial: include !== undefined },
      inPlace: true,
      stamp: STAMP,
      onKeep: (undoPath) => {
        this.undoPath = undoPath;
        writePlaceRecord(this.#session, { requestId: REQUEST, target: this.target, undoPath });
      },
      ...rules,
    });
    dropPlaceRecord(this.#session, REQUEST);
  }

  async undo(): Promise<void> {
    const undoPath = String(this.undoPath);
    await undo({ verb: 'restore-undo', requestId: REQUEST, target: this.target, undoPath }, this.#session);
  }

  get #session(): Session {
    return { stateDir: this.bench.stateDir, output: { log: () => undefined } } as unknown as Session;
  }

  /** What the next helper does, once the process is gone. */
  async recover() {
    const directory = join(this.bench.stateDir, 'run', 'placing');
    const records = fs.existsSync(directory) ? fs.readdirSync(directory) : [];
    for (const path of records.map((name) => join(directory, name))) {
      const text = fs.readFileSync(path, 'utf8');
      fs.writeFileSync(path, text && JSON.stringify({ ...(JSON.parse(text) as object), ...DEAD }));
    }
    return (await this.bench.ask<'restore-recover'>({ verb: 'restore-recover' })).result;
  }

  /** By name and content; a directory that holds no file does not count. */
  files(path = this.target): Record<string, string> {
    const found = fs.readdirSync(path, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
    const paths = found.map(({ parentPath, name }) => join(parentPath, name)).toSorted();
    return Object.fromEntries(paths.map((file) => [relative(path, file), fs.readFileSync(file, 'utf8')]));
  }

  [Symbol.dispose](): void {
    life.left = Infinity;
    fs.rmSync(this.root, { recursive: true });
    this.bench[Symbol.dispose]();
  }
}

interface Rules extends Partial<Placing> {
  readonly include?: string[];
}

/** @returns whether the work was killed before its end */
async function killedAfter(steps: number, work: () => void | Promise<void>): Promise<boolean> {
  life.left = steps;
  try {
    await work();
    return false;
  } catch (error) {
    if (life.left > 0) throw error;
    return true;
  } finally {
    life.left = Infinity;
  }
}

interface Death {
  readonly afterSteps: number;
  readonly files: Record<string, string>;
  /** What the next helper said of it. */
  readonly found: { putBack: boolean; undoPath?: string | undefined } | undefined;
  readonly isKeptThere: boolean;
}

/** One for each step after which the work can be killed. */
async function deathsOf(rules: Rules, work: (scene: Scene) => void | Promise<void>, isUndo = false) {
  const deaths: Death[] = [];
  for (let isKilled = true; isKilled && deaths.length < MOST_STEPS;) {
    using scene = new Scene();
    if (isUndo) scene.restore(rules);
    const afterSteps = deaths.length;
    isKilled = await killedAfter(afterSteps, () => work(scene));
    const [found] = await scene.recover();
    // What was fetched and not placed is thrown away; it shares files with the target.
    fs.rmSync(join(scene.root, 'staging'), { recursive: true });
    const isKeptThere = scene.undoPath !== undefined && fs.existsSync(scene.undoPath);
    if (isKilled) deaths.push({ afterSteps, files: scene.files(), found, isKeptThere });
  }
  return deaths;
}

const PATHS = ['/tree/both', '/tree/sub', '/tree/was-dir', '/tree/was-file'];

describe.each<[string, Rules]>([
  ['a restore of the whole target', {}],
  ['one that deletes what only the target has', { deleteExtra: true }],
  ['one that brings files beside those that are there', { conflict: 'rename' }],
  ['a restore of some paths', { include: PATHS }],
  ['one of some paths, beside those that are there', { include: PATHS, conflict: 'rename' }],
])('a kill at any step of %s', (_name, rules) => {
  const brought = (): Record<string, string> => {
    using scene = new Scene();
    scene.restore(rules);
    return scene.files();
  };

  it('leaves the old tree whole or the new one, and what it keeps of the old one is told', async () => {
    const after = brought();
    const deaths = await deathsOf(rules, (scene) => scene.restore(rules));
    const isNew = ({ files }: Death) => isDeepStrictEqual(files, after);
    expect(deaths.filter((death) => !isNew(death) && !isDeepStrictEqual(death.files, OLD))).toEqual([]);
    expect(deaths.filter((death) => isNew(death) !== death.isKeptThere)).toEqual([]);
    expect(
      deaths.filter(({ found, isKeptThere }) => isKeptThere !== (found?.undoPath !== undefined)),
    ).toEqual([]);
    expect(deaths.some(({ found }) => found?.putBack === true)).toBe(true);
    expect(deaths.some(isNew)).toBe(true);
  });

  it('or of its undo leaves the one or the other whole', async () => {
    const after = brought();
    const deaths = await deathsOf(rules, (scene) => scene.undo(), true);
    const isOld = ({ files }: Death) => isDeepStrictEqual(files, OLD);
    expect(deaths.filter((death) => !isOld(death) && !isDeepStrictEqual(death.files, after))).toEqual([]);
    expect(deaths.filter((death) => !isOld(death) && !death.isKeptThere)).toEqual([]);
    expect(deaths.some(isOld)).toBe(true);
  });
});
