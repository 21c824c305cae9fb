import type { SnapshotEntry } from '../../contract/index.ts';
import type { Style } from '../output/style.ts';

export type Row = Pick<SnapshotEntry, 'path' | 'name' | 'type' | 'sizeBytes' | 'modifiedAt'>;

/** Where the person looks: a directory, the roots of the snapshot (no path), or the answer of a search. */
export type View = { readonly path?: string } | { readonly search: string };

/** What is chosen; a chosen directory holds all below it, so nothing below it is in the list. */
export type Chosen = ReadonlySet<string>;

export type Mark = 'chosen' | 'by-parent' | 'partly' | 'none';

export function markOf(chosen: Chosen, path: string): Mark {
  if (chosen.has(path)) return 'chosen';
  if (parentsOf(path).some((parent) => chosen.has(parent))) return 'by-parent';
  return [...chosen].some((each) => each.startsWith(`${path}/`)) ? 'partly' : 'none';
}

/** Chooses a path, or no longer does. What a chosen directory holds cannot be left out one by one. */
export function toggled(chosen: Chosen, path: string): Chosen {
  const mark = markOf(chosen, path);
  if (mark === 'by-parent') return chosen;
  const others = [...chosen].filter((each) => each !== path && !each.startsWith(`${path}/`));
  return new Set(mark === 'chosen' ? others : [...others, path]);
}

/** The directory above; undefined above the roots. */
export function above(view: View, roots: readonly string[]): View | undefined {
  if ('search' in view) return topOf(roots);
  if (view.path === undefined) return undefined;
  if (roots.includes(view.path)) return roots.length > 1 ? {} : undefined;
  return { path: view.path.slice(0, view.path.lastIndexOf('/')) || '/' };
}

/** A snapshot of one directory opens with what is in it. */
export const topOf = (roots: readonly string[]): View => {
  const [only, second] = roots;
  return only !== undefined && second === undefined ? { path: only } : {};
};

/** Directories first, then by name, as people look for them. */
export function sorted(rows: readonly Row[]): Row[] {
  const order = (row: Row) => (row.type === 'dir' ? 0 : 1);
  return rows.toSorted((a, b) => order(a) - order(b) || a.name.localeCompare(b.name));
}

/** A name with bytes that are no text cannot be named; its directory can. */
export const canBeNamed = ({ path }: Row): boolean => !path.includes('\ufffd');

function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(1, -1);
  return ['/', ...parts.map((_part, index) => `/${parts.slice(0, index + 1).join('/')}`)].filter(
    (parent) => parent !== path,
  );
}

export interface BrowseOptions {
  /** Paths the snapshot was made of. */
  readonly roots: readonly string[];
  readonly list: (path: string) => Promise<readonly Row[]>;
  /** By a part of the name, in this snapshot. */
  readonly find: (text: string) => Promise<readonly Row[]>;
  readonly chosen: readonly string[];
  readonly style: Style;
}

export interface PromptOptions extends BrowseOptions {
  readonly columns: number;
  readonly rows: number;
}

export interface Loaded {
  readonly rows: readonly Row[];
  readonly note?: string;
}

export interface State {
  readonly view: View;
  /** What is typed after `/`; undefined: nothing is being typed. */
  readonly query: string | undefined;
  readonly active: number;
  readonly chosen: Chosen;
  readonly hint: string;
}

/** Title, place, keys and hint take the rest. */
export const pageSize = ({ rows }: PromptOptions): number => Math.max(5, Math.min(20, rows - 8));
