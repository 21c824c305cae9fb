import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import type { SnapshotEntry } from '../../contract/index.ts';
import { silentLog } from '../base/log.ts';
import { openIndexStore } from '../store/index-store.ts';
import type { IndexStore } from '../store/index-types.ts';
import { diffSnapshots, type Differences } from './diff.ts';
import { findFiles } from './find.ts';
import type { Living } from './living.ts';
import { parseNamePattern } from './name-pattern.ts';

const root = mkdtempSync(join(tmpdir(), 'index-model-'));
let runs = 0;

afterEach(() => rmSync(root, { recursive: true, force: true }));

const dir = (path: string): SnapshotEntry => ({ name: nameOf(path), path, type: 'dir' });
const file = (path: string, sizeBytes: number): SnapshotEntry => ({ ...dir(path), type: 'file', sizeBytes });
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const entriesAt = (model: Model, at: number): Tree => model[at]?.tree ?? new Map();

type Tree = ReadonlyMap<string, SnapshotEntry>;
type Model = readonly { readonly seq: number; readonly tree: Tree }[];

const NAMES = ['a', 'b', 'C', 'é'];
const series = fc.array(
  fc.dictionary(
    fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`),
    fc.integer({ min: 0, max: 2 }),
    { maxKeys: 12 },
  ),
  { minLength: 1, maxLength: 6 },
);
type Step = 'keep' | 'interrupt' | 'forget';

function entriesOf(tree: Record<string, number>): Map<string, SnapshotEntry> {
  const found = new Map<string, SnapshotEntry>();
  for (const path of Object.keys(tree)) {
    const names = path.split('/').slice(1);
    for (let depth = 1; depth < names.length; depth += 1) {
      const parent = `/${names.slice(0, depth).join('/')}`;
      found.set(parent, dir(parent));
    }
  }
  for (const [path, size] of Object.entries(tree)) if (!found.has(path)) found.set(path, file(path, size));
  return new Map([...found].sort(([one], [other]) => compareDepthFirst(one, other)));
}

const compareDepthFirst = (one: string, other: string): number =>
  one.replaceAll('/', '\0') < other.replaceAll('/', '\0') ? -1 : 1;

const steps = fc.array(fc.constantFrom<Step>('keep', 'keep', 'keep', 'interrupt', 'forget'), {
  minLength: 6,
  maxLength: 6,
});

/** What a map of maps says, the index says: with interruptions and removals in between. */
it('answers as plain maps would, for any series of snapshots', async () => {
  await fc.assert(
    fc.asyncProperty(series, steps, async (trees, actions) => {
      const store = openIndexStore(join(root, String((runs += 1)), 'index.db'), silentLog);
      try {
        const model = play(store, trees, actions);
        for (const { seq, tree } of model) expect(everythingIn(store, seq)).toEqual(tree);
        expect(store.snapshots().map(({ seq }) => seq)).toEqual(model.map(({ seq }) => seq));
        await expectDiff(store, model);
        for (const pattern of ['c', '*', 'É', 'a/b', '/a/**/c']) await expectFound(store, model, pattern);
      } finally {
        store.close();
      }
    }),
    { numRuns: 100 },
  );
});

function play(store: IndexStore, trees: readonly Record<string, number>[], actions: readonly Step[]): Model {
  const model: { seq: number; tree: Tree }[] = [];
  trees.forEach((wanted, at) => {
    while (store.cleanStep());
    const tree = entriesOf(wanted);
    const id = String(at).padEnd(64, '0');
    const writer = store.begin(id);
    writer.add([...tree.values()]);
    if (actions[at] === 'interrupt') return;
    while (writer.finishStep());
    if (actions[at] === 'keep') return void model.push({ seq: writer.seq, tree });
    store.forget([id]);
    for (let from = store.purgeStep(0); from !== undefined; from = store.purgeStep(from));
  });
  while (store.cleanStep());
  return model;
}

function everythingIn(store: IndexStore, seq: number): Tree {
  const found = new Map<string, SnapshotEntry>();
  const visit = (path: string): void => {
    for (const each of store.list(seq, path) ?? []) {
      found.set(each.path, each);
      if (each.type === 'dir') visit(each.path);
    }
  };
  visit('/');
  return found;
}

async function expectDiff(store: IndexStore, model: Model): Promise<void> {
  const [a, b] = [model[0], model.at(-1)];
  if (!a || !b) return;
  const pages: Differences['entries'][number][] = [];
  let after: number | undefined = 0;
  while (after !== undefined) {
    const page: Differences = await diffSnapshots(store, { a: a.seq, b: b.seq, limit: 3, after });
    pages.push(...page.entries);
    after = page.next;
  }
  const expected = [...new Set([...a.tree.keys(), ...b.tree.keys()])].flatMap((path) => {
    const [one, other] = [a.tree.get(path), b.tree.get(path)];
    if (!one || !other) return [`${one ? 'removed' : 'added'} ${path}`];
    return one.type === other.type && one.sizeBytes === other.sizeBytes ? [] : [`changed ${path}`];
  });
  expect(pages.map(({ change, path }) => `${change} ${path}`).sort()).toEqual(expected.sort());
}

const FITS: Record<string, (path: string) => boolean> = {
  c: (path) => nameOf(path) === 'C',
  '*': () => true,
  É: (path) => nameOf(path) === 'é',
  'a/b': (path) => path.endsWith('a/b'),
  '/a/**/c': (path) => path.startsWith('/a/') && nameOf(path) === 'C',
};

async function expectFound(store: IndexStore, model: Model, text: string): Promise<void> {
  const living: Living[] = model.map(({ seq }) => ({ seq, id: String(seq), resticId: '', takenAt: seq }));
  const plan = { id: 'p', name: 'p' };
  const pattern = parseNamePattern(text);
  const found = await findFiles(store, { plan, pattern, living, limit: 1_000 });
  const fits = FITS[text] as (path: string) => boolean;
  const paths = [...new Set(model.flatMap(({ tree }) => [...tree.keys()]))].filter(fits).sort();
  expect(found.map(({ path }) => path)).toEqual(paths);
  for (const each of found) {
    const having = model.filter(({ tree }) => tree.has(each.path));
    const states = new Set(having.map(({ tree }) => JSON.stringify(tree.get(each.path))));
    expect(each).toMatchObject({
      firstSeen: { takenAt: having[0]?.seq },
      lastSeen: { takenAt: having.at(-1)?.seq },
      snapshots: having.length,
      states: states.size,
      deleted: !entriesAt(model, model.length - 1).has(each.path),
    });
  }
}
