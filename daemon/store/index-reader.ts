import type { Database } from 'better-sqlite3';
import type { SnapshotEntry } from '../../contract/index.ts';

/** What a path was from snapshot `first` to `last`, both included. */
export interface NodeState {
  readonly node: number;
  readonly first: number;
  readonly last: number;
  readonly type: string;
  readonly size: number | null;
  readonly mtime: number | null;
  readonly mode: number | null;
  readonly uid: number | null;
  readonly gid: number | null;
}

/** contains: a part of the name. glob: the whole name, with `*`, `?` and `[…]`. Both folded. */
export interface NameQuery {
  readonly how: 'contains' | 'glob';
  readonly text: string;
}

export interface IndexReader {
  /** What a directory holds in a snapshot, by name, or the one file of that path; undefined: no such path. */
  list(seq: number, path: string): SnapshotEntry[] | undefined;
  /** Nodes with a fitting name among those with `from < id <= to`, in order. */
  search(query: NameQuery, from: number, to: number): number[];
  /** States that one of the snapshots has and the other has not, of nodes `from < id <= to`, by node. */
  differences(a: number, b: number, range: { from: number; to: number }): NodeState[];
  newestNode(): number;
  /** All states of a path, in the order of indexing. */
  states(node: number): NodeState[];
  pathOf(node: number): string;
}

const ROOT = 0;

/** The questions, each a bounded read; ranges of nodes are for the caller to give the event loop a turn between. */
export function createIndexReader(db: Database): IndexReader {
  const name = 'COALESCE(folded, name)';
  const search = {
    contains: db.prepare(`SELECT id FROM nodes WHERE id > ? AND id <= ? AND instr(${name}, ?) > 0`).pluck(),
    glob: db.prepare(`SELECT id FROM nodes WHERE id > ? AND id <= ? AND ${name} GLOB ?`).pluck(),
  };
  const differences = db.prepare(
    `SELECT * FROM states WHERE node > :from AND node <= :to
     AND (:a BETWEEN first AND last) <> (:b BETWEEN first AND last)`,
  );
  const states = db.prepare('SELECT * FROM states WHERE node = ? ORDER BY first');
  const newest = db.prepare('SELECT COALESCE(MAX(id), 0) FROM nodes').pluck();
  return {
    list: createList(db),
    search: ({ how, text }, from, to) => search[how].all(from, to, text) as number[],
    differences: (a, b, { from, to }) => differences.all({ a, b, from, to }) as NodeState[],
    newestNode: () => newest.get() as number,
    states: (node) => states.all(node) as NodeState[],
    pathOf: createPaths(db),
  };
}

interface ListRow extends NodeState {
  readonly name: string;
}

function createList(db: Database): IndexReader['list'] {
  const children = db.prepare(
    `SELECT n.name, s.* FROM nodes n CROSS JOIN states s ON s.node = n.id
     WHERE n.parent = ? AND ? BETWEEN s.first AND s.last ORDER BY n.name, n.twin`,
  );
  const child = db.prepare(
    `SELECT n.name, s.* FROM nodes n CROSS JOIN states s ON s.node = n.id
     WHERE n.parent = ? AND n.name = ? AND n.twin = 0 AND ? BETWEEN s.first AND s.last`,
  );
  /** null is the top; undefined: there is no such path. */
  const find = (seq: number, names: readonly string[]): ListRow | null | undefined => {
    let found: ListRow | null | undefined = null;
    for (const name of names) {
      if (found !== null && found.type !== 'dir') return undefined;
      found = child.get(found?.node ?? ROOT, name, seq) as ListRow | undefined;
      if (!found) return undefined;
    }
    return found;
  };
  return (seq, path) => {
    const names = path.split('/').filter((name) => name !== '');
    const clean = names.map((name) => `/${name}`).join('');
    const found = find(seq, names);
    if (found === undefined) return undefined;
    if (found !== null && found.type !== 'dir') return [toEntry(found, clean)];
    const rows = children.all(found?.node ?? ROOT, seq) as ListRow[];
    return rows.map((row) => toEntry(row, `${clean}/${row.name}`));
  };
}

function toEntry({ name, type, size, mtime, mode, uid, gid }: ListRow, path: string): SnapshotEntry {
  return {
    name,
    path,
    type,
    ...(size !== null && { sizeBytes: size }),
    ...(mtime !== null && { modifiedAt: mtime }),
    ...(mode !== null && { mode }),
    ...(uid !== null && { uid }),
    ...(gid !== null && { gid }),
  };
}

const REMEMBERED_PATHS = 1_000;

function createPaths(db: Database): (node: number) => string {
  const parentOf = db.prepare('SELECT parent, name FROM nodes WHERE id = ?');
  // Paths of nodes never change; neighbours share their directories.
  const known = new Map<number, string>();
  const directoryOf = (node: number): string => {
    const names: string[] = [];
    let at = node;
    let before = known.get(at);
    // No recursion: a hostile repository may be as deep as it likes.
    while (at !== ROOT && before === undefined) {
      const row = parentOf.get(at) as { parent: number; name: string } | undefined;
      names.push(row?.name ?? '');
      at = row?.parent ?? ROOT;
      before = known.get(at);
    }
    return [before ?? '', ...names.reverse()].join('/');
  };
  return (node) => {
    const row = parentOf.get(node) as { parent: number; name: string } | undefined;
    if (!row) return '';
    const directory = directoryOf(row.parent);
    if (known.size >= REMEMBERED_PATHS) known.clear();
    known.set(row.parent, directory);
    return `${directory}/${row.name}`;
  };
}
