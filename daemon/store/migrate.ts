import type { Database } from 'better-sqlite3';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileTime } from './database-copies.ts';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';

export interface MigrateOptions {
  readonly db: Database;
  /** Where a copy goes before an existing database is changed. */
  readonly copies: string;
  readonly now: number;
  /** For tests of migrations to come. */
  readonly migrations?: readonly string[];
}

/** Brings the schema to the newest version in one transaction: a crash leaves the old or the new one. */
export function migrate(options: MigrateOptions): void {
  const { db, migrations = MIGRATIONS } = options;
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version >= migrations.length) return;
  if (version > 0) {
    mkdirSync(options.copies, { recursive: true, mode: 0o700 });
    const path = join(options.copies, `before-version-${migrations.length}-${fileTime(options.now)}.db`);
    db.prepare('VACUUM INTO ?').run(path);
  }
  db.transaction(() => {
    for (const sql of migrations.slice(version)) db.exec(sql);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${migrations.length}`);
  }).immediate();
}
