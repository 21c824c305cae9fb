import type { Database } from 'better-sqlite3';
import type { SnapshotEntry } from '../../contract/index.ts';
import { foldName } from './fold-name.ts';
import { OPEN, type IndexWriter } from './index-types.ts';

const ROOT = 0;
/** More entries of one directory that look the same are left out: looking for the next would take ever longer. */
const MOST_TWINS = 250;
const FINISH_NODES = 10_000;

interface OpenDirectory {
  /** Without a slash at its end: the top is ''. */
  readonly path: string;
  readonly node: number;
}

/** type, size, mtime, mode, uid, gid */
type Attributes = readonly (string | number | null)[];

interface Place {
  readonly node: number;
  /** Where its open state begins; null: it has none. */
  readonly first: number | null;
  readonly attributes: Attributes;
}

/** Writes snapshot `seq`: ends states that it does not have, begins those that are new, leaves alone what is the same. */
export function createIndexWriter(db: Database, seq: number): IndexWriter {
  const tree = createTree(db);
  const seen = createMarks();
  const begin = db.prepare('INSERT INTO states VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const end = db.prepare('UPDATE states SET last = ? WHERE node = ? AND first = ?');
  const ready = db.prepare("UPDATE snapshots SET state = 'ready' WHERE seq = ?");
  const open = db.prepare(
    `SELECT node, first FROM states WHERE node > ? AND node <= ? AND last = ${OPEN} AND first < ${seq}`,
  );

  const put = (entry: SnapshotEntry): void => {
    const { parent, name } = tree.place(entry);
    if (name === '') return;
    const found = tree.unseen({ parent, name, isSeen: seen.has });
    if (!found) return;
    const { node, first } = found;
    seen.set(node);
    if (entry.type === 'dir') tree.enter({ path: entry.path, node });
    const attributes = attributesOf(entry);
    if (first !== null && attributes.every((value, index) => value === found.attributes[index])) return;
    if (first !== null) end.run(seq - 1, node, first);
    begin.run(node, seq, OPEN, ...attributes);
  };
  const putAll = db.transaction((entries: readonly SnapshotEntry[]) => {
    for (const entry of entries) put(entry);
  });

  let finished = 0;
  const finish = db.transaction(() => {
    const to = finished + FINISH_NODES;
    const rows = open.raw().all(finished, to) as [number, number][];
    for (const [node, first] of rows) if (!seen.has(node)) end.run(seq - 1, node, first);
    finished = to;
    const isDone = to >= tree.newest();
    if (isDone) ready.run(seq);
    return !isDone;
  });
  return { seq, add: (entries) => putAll(entries), finishStep: () => finish() };
}

function attributesOf(entry: SnapshotEntry): Attributes {
  const { type, sizeBytes = null, modifiedAt = null, mode = null, uid = null, gid = null } = entry;
  return [type, sizeBytes, modifiedAt, mode, uid, gid];
}

/** Where entries belong; remembers only the directories that are open in a walk depth first. */
function createTree(db: Database) {
  const find = db
    .prepare(
      `SELECT n.id, s.first, s.type, s.size, s.mtime, s.mode, s.uid, s.gid
     FROM nodes n LEFT JOIN states s ON s.node = n.id AND s.last = ${OPEN}
     WHERE n.parent = ? AND n.name = ? AND n.twin = ?`,
    )
    .raw();
  const insert = db.prepare('INSERT INTO nodes (parent, name, twin, folded) VALUES (?, ?, ?, ?)');
  const newest = db.prepare('SELECT COALESCE(MAX(id), 0) FROM nodes').pluck();
  const stack: OpenDirectory[] = [];

  const place = (parent: number, name: string, twin: number): Place => {
    const found = find.get(parent, name, twin) as [number, number | null, ...Attributes] | undefined;
    if (found) {
      const [node, first, ...attributes] = found;
      return { node, first, attributes };
    }
    const folded = foldName(name);
    const { lastInsertRowid } = insert.run(parent, name, twin, folded === name ? null : folded);
    return { node: Number(lastInsertRowid), first: null, attributes: [] };
  };
  const walkTo = (path: string): number =>
    path
      .split('/')
      .filter((name) => name !== '')
      .reduce((parent, name) => place(parent, name, 0).node, ROOT);
  const directory = (path: string): number => {
    if (path === '') return ROOT;
    while (stack.length > 0 && stack.at(-1)?.path !== path) stack.pop();
    const open = stack.at(-1);
    if (open) return open.node;
    const found = { path, node: walkTo(path) };
    stack.push(found);
    return found.node;
  };
  return {
    newest: () => newest.get() as number,
    enter: (entered: OpenDirectory) => void stack.push(entered),
    place({ path, name }: SnapshotEntry): { parent: number; name: string } {
      // A name of a hostile repository may hold a slash.
      const cut = path.endsWith(`/${name}`) ? path.length - name.length - 1 : path.lastIndexOf('/');
      return { parent: directory(path.slice(0, Math.max(0, cut))), name: path.slice(cut + 1) };
    },
    /** The node of that name which is not in this snapshot yet. */
    unseen({ parent, name, isSeen }: { parent: number; name: string; isSeen: (node: number) => boolean }) {
      for (let twin = 0; twin < MOST_TWINS; twin += 1) {
        const found = place(parent, name, twin);
        if (!isSeen(found.node)) return found;
      }
      return undefined;
    },
  };
}

/** A bit for each number: one million of them are 125 KB. */
function createMarks() {
  let bits = new Uint8Array(1 << 16);
  return {
    has: (index: number) => ((bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0,
    set(index: number) {
      const byte = index >> 3;
      if (byte >= bits.length) {
        const larger = new Uint8Array(Math.max(bits.length * 2, byte + 1));
        larger.set(bits);
        bits = larger;
      }
      bits[byte] = (bits[byte] ?? 0) | (1 << (index & 7));
    },
  };
}
