import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/index.ts';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';
import { isDamage } from './store-errors.ts';

/** JSON columns by table; what can't be parsed would fail much later, at its first reader. */
const JSON_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  plans: ['paths', 'excludes', 'schedule', 'location', 'keys', 'capsule'],
  jobs: ['params', 'result', 'error'],
  requests: ['choice', 'error', 'location', 'preview'],
  snapshots: ['paths'],
  facts: ['value'],
  events: ['body'],
};

/** new: no content yet. */
export type DatabaseVerdict = 'new' | 'good' | 'damaged';

/**
 * @throws AppError `config_invalid` when the database is another program's, or of a newer version of this one
 */
export function checkDatabase(db: Database, path: string): DatabaseVerdict {
  try {
    const tables = db
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
      .pluck()
      .all() as string[];
    const applicationId = db.pragma('application_id', { simple: true });
    const version = db.pragma('user_version', { simple: true }) as number;
    if (tables.length === 0 && applicationId === 0) return 'new';
    if (applicationId !== APPLICATION_ID) return refuseForeign(tables, path);
    refuseNewer(version, path);
    return version > 0 && isSound(db, tables) ? 'good' : 'damaged';
  } catch (error) {
    if (isDamage(error)) return 'damaged';
    throw error;
  }
}

function isSound(db: Database, tables: readonly string[]): boolean {
  if (db.pragma('quick_check(1)', { simple: true }) !== 'ok') return false;
  return Object.entries(JSON_COLUMNS)
    .filter(([table]) => tables.includes(table))
    .every(([table, columns]) => {
      const broken = columns.map((column) => `(${column} IS NOT NULL AND NOT json_valid(${column}))`);
      return db.prepare(`SELECT 1 FROM ${table} WHERE ${broken.join(' OR ')} LIMIT 1`).get() === undefined;
    });
}

/** Our tables under a wrong mark are our database with a damaged header. */
function refuseForeign(tables: readonly string[], path: string): DatabaseVerdict {
  if (['events', 'plans', 'jobs', 'snapshots'].every((table) => tables.includes(table))) return 'damaged';
  throw new AppError('config_invalid', `${path} is the database of another program`, {
    hint: 'move it away, or name another directory with --state-dir',
  });
}

function refuseNewer(version: number, path: string): void {
  if (version <= MIGRATIONS.length) return;
  throw new AppError(
    'config_invalid',
    `${path} was written by a newer agent: its schema is version ${version}, this program knows ${MIGRATIONS.length}`,
    { hint: 'install the newer agent again, or name another directory with --state-dir' },
  );
}
