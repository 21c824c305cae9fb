import type { Database } from 'better-sqlite3';
import type { Log } from '../base/log.ts';
import { storeError } from './store-errors.ts';
import type { Append, EventTable, Store } from './store.ts';

export interface TransactionOptions {
  readonly db: Database;
  readonly path: string;
  readonly events: EventTable & { readonly append: Append };
  readonly log: Log;
}

/** Commits with their events, and the one word that follows them: "number n is there". */
export function createTransactions(options: TransactionOptions): Pick<Store, 'commit' | 'onAppended'> {
  const { db, events } = options;
  const listeners = new Set<(newestSeq: number) => void>();
  let appended = false;
  const append: Append = (kind, body) => {
    events.append(kind, body);
    appended = true;
  };
  const inTransaction = db.transaction((change: (append: Append) => unknown) => change(append));

  const announce = () => {
    appended = false;
    const newestSeq = events.newestSeq();
    for (const listener of listeners) {
      try {
        listener(newestSeq);
      } catch (error) {
        options.log.error({ err: error }, 'a listener of the event log threw');
      }
    }
  };

  return {
    commit<T>(change: (append: Append) => T): T {
      const outermost = !db.inTransaction;
      let result: T;
      try {
        // Inside another transaction this is a savepoint: what throws is undone, and only that.
        result = inTransaction.immediate(change) as T;
      } catch (error) {
        if (outermost) appended = false;
        throw storeError(error, options.path);
      }
      if (outermost && appended) announce();
      return result;
    },
    onAppended(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
