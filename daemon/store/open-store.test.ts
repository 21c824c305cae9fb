import Database from 'better-sqlite3';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../contract/index.ts';
import { silentLog } from '../base/log.ts';
import { MIGRATIONS } from './migrations.ts';
import { openStore } from './open-store.ts';
import type { OpenedStore } from './store.ts';

let dir: string;
let now = Date.UTC(2026, 0, 1);
const opened: OpenedStore[] = [];
const path = () => join(dir, 'state.db');
const open = (keepEvents?: number): OpenedStore => {
  const clock = { now: () => now++, monotonic: () => now };
  const keep = keepEvents === undefined ? {} : { keepEvents };
  const store = openStore({ path: path(), clock, log: silentLog, ...keep });
  opened.push(store);
  return store;
};
const note = (store: OpenedStore, text: string) => store.commit((append) => append('notice', { text }));
const texts = (store: OpenedStore) =>
  store.events.after(0, 1e6).map((event) => (event.body as { text: string }).text);
const codeOf = (work: () => unknown): AppError => {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => {
  for (const store of opened.splice(0)) store.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('a commit', () => {
  test('keeps rows and events together over a restart', () => {
    const store = open();
    note(store, 'one');
    store.close();
    expect(texts(open())).toEqual(['one']);
  });
  test('that throws leaves neither rows nor events and says nothing to listeners', () => {
    const store = open();
    const heard: number[] = [];
    store.onAppended((seq) => heard.push(seq));
    expect(() =>
      store.commit((append) => {
        store.facts.set('a', 1);
        append('notice', { text: 'lost' });
        throw new Error('no');
      }),
    ).toThrow('no');
    expect([texts(store), store.facts.get('a'), heard]).toEqual([[], undefined, []]);
  });
  test('nests: an inner failure is undone alone, listeners hear once at the end', () => {
    const store = open();
    const heard: number[] = [];
    store.onAppended((seq) => heard.push(seq));
    store.commit((append) => {
      append('notice', { text: 'outer' });
      try {
        store.commit((inner) => {
          inner('notice', { text: 'inner' });
          throw new Error('no');
        });
      } catch {
        // wanted: the outer commit goes on
      }
      store.commit((inner) => inner('notice', { text: 'second' }));
      expect(heard).toEqual([]);
    });
    expect([texts(store), heard]).toEqual([['outer', 'second'], [2]]);
  });
  test('is the only way to write', () => {
    const store = open();
    expect(() => store.facts.set('a', 1)).toThrow(/outside of store.commit/);
  });
  test('survives a listener that throws', () => {
    const store = open();
    store.onAppended(() => {
      throw new Error('bad listener');
    });
    expect(() => note(store, 'one')).not.toThrow();
  });
});

test('old events go, but never before the slowest outlet has them', () => {
  const store = open(10);
  store.commit(() => store.cursors.set('space', 700));
  for (let n = 1; n <= 1000; n++) note(store, String(n));
  expect(store.events.after(0, 1)[0]?.seq).toBe(701);
  store.commit(() => store.cursors.set('space', 1000));
  for (let n = 1; n <= 500; n++) note(store, String(n));
  expect(store.events.after(0, 1)[0]?.seq).toBe(1001);
  store.commit(() => store.cursors.remove('space'));
  for (let n = 1; n <= 500; n++) note(store, String(n));
  expect(store.events.after(0, 1)[0]?.seq).toBe(1991);
});

describe('opening refuses', () => {
  test('a second agent, naming the first', () => {
    open();
    const error = codeOf(() => open());
    expect([error.code, error.message]).toEqual([
      'conflict',
      `another agent uses this state directory (pid ${process.pid})`,
    ]);
  });
  test('a newer database, naming both versions, and leaves it as it is', () => {
    open().close();
    const db = new Database(path());
    db.pragma(`user_version = 99`);
    db.close();
    const error = codeOf(() => open());
    expect(error.code).toBe('config_invalid');
    expect(error.message).toContain(`version 99, this program knows ${MIGRATIONS.length}`);
    expect(readdirSync(dir).filter((name) => name.includes('damaged'))).toEqual([]);
  });
  test('the database of another program', () => {
    const db = new Database(path());
    db.exec('CREATE TABLE cookies (a)');
    db.close();
    expect(codeOf(() => open()).message).toContain('database of another program');
  });
  test('a state directory that others may enter', () => {
    chmodSync(dir, 0o755);
    const error = codeOf(() => open());
    expect([error.code, error.hint]).toEqual(['config_invalid', `chmod 700 ${dir}`]);
  });
});

describe('a damaged database', () => {
  const damageAndOpen = (damage: () => void) => {
    damage();
    return open();
  };
  test('is moved aside and rebuilt from the newest good copy; event numbers are never used twice', async () => {
    const store = open();
    note(store, 'kept');
    await store.copy();
    note(store, 'after the copy');
    store.close();
    const again = damageAndOpen(() => truncateSync(path(), 8192));
    expect(again.recoveredFrom).toMatch(/copies\/hourly-/);
    expect(existsSync(again.damagedPath ?? '')).toBe(true);
    expect(texts(again)).toEqual(['kept']);
    note(again, 'new');
    expect(again.events.newestSeq()).toBeGreaterThan(1_000_000);
  });
  test('passes over a copy that is damaged too', async () => {
    const store = open();
    note(store, 'older');
    await store.copy();
    note(store, 'newer');
    await store.copy();
    store.close();
    const newest = readdirSync(join(dir, 'copies')).toSorted().at(-1) ?? '';
    writeFileSync(join(dir, 'copies', newest), 'garbage');
    expect(texts(damageAndOpen(() => writeFileSync(path(), 'not a database at all')))).toEqual(['older']);
  });
  test('without a copy starts empty and says so', () => {
    open().close();
    expect(damageAndOpen(() => writeFileSync(path(), 'x'.repeat(5000))).recoveredFrom).toBe(
      'an empty database',
    );
  });
  test('with any single damaged byte opens, recovers, or refuses in words', async () => {
    const store = open();
    for (let n = 0; n < 20; n++) note(store, `number ${n}`);
    await store.copy();
    store.close();
    const sound = readFileSync(path());
    for (let n = 0; n < 40; n++) {
      const bytes = Buffer.from(sound);
      const at = (n * 7919) % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ 0xff;
      const outcome = openOutcome(bytes);
      expect(outcome).toMatch(/^(opened|config_invalid)$/);
    }
  });
});

test('a damaged lock file is made anew and still keeps a second agent out', () => {
  writeFileSync(join(dir, 'agent.lock'), 'garbage that is no database');
  open();
  expect(codeOf(() => open()).code).toBe('conflict');
});

test('only the newest 24 copies are kept', async () => {
  const store = open();
  for (let n = 0; n < 26; n++) await store.copy();
  expect(readdirSync(join(dir, 'copies'))).toHaveLength(24);
});

test('the schema of version 1 is the released one', () => {
  open().close();
  const db = new Database(path(), { readonly: true });
  const schema = db
    .prepare('SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name')
    .pluck()
    .all();
  db.close();
  expect(schema.join(';\n').replace(/[ \n]+/g, ' ')).toMatchSnapshot();
});

/** Opens the store on these bytes and reads all of it. */
function openOutcome(bytes: Buffer): string {
  for (const end of ['-wal', '-shm']) rmSync(`${path()}${end}`, { force: true });
  writeFileSync(path(), bytes);
  try {
    const store = open();
    store.plans.list();
    store.jobs.list({});
    note(store, 'goes on');
    store.close();
    return 'opened';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}
