import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { AppError } from '../../contract/index.ts';
import { silentLog } from '../base/log.ts';
import { createEventTable } from './event-table.ts';
import { migrate } from './migrate.ts';
import { createTransactions } from './transactions.ts';

test('a full disk is no_space, with the way out, and what was written stays', () => {
  const db = new Database(':memory:');
  migrate({ db, copies: '/nowhere', now: 0 });
  const events = createEventTable({ db, now: () => 1, keep: 10 });
  const { commit } = createTransactions({ db, path: '/state/state.db', events, log: silentLog });
  commit((append) => append('notice', { text: 'kept' }));
  db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true }) as number}`);
  const tooMuch = () => commit((append) => append('notice', { text: 'x'.repeat(100_000) }));
  expect(tooMuch).toThrow(AppError);
  expect(tooMuch).toThrow(/the disk is full/);
  expect(events.after(0, 10)).toHaveLength(1);
  db.close();
});
