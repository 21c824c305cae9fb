import { join } from 'node:path';
import type { Log } from '../base/log.ts';
import { isIndexDamage, openIndexStore, removeIndexStore } from '../store/index-store.ts';
import type { IndexStore } from '../store/index-types.ts';
import { storeError } from '../store/store-errors.ts';

/** The indexes of all plans, opened when they are needed. */
export interface Shelf {
  /** Hands over a plan's index; one that turns out damaged is made anew, and the reading done again on the empty one. */
  use<T>(planId: string, read: (store: IndexStore) => T | Promise<T>): Promise<T>;
  /** Deletes it. */
  remove(planId: string): void;
  close(): void;
}

export function createShelf({ directory, log }: { directory: string; log: Log }): Shelf {
  const stores = new Map<string, IndexStore>();
  const pathOf = (planId: string): string => join(directory, `${planId}.db`);
  const open = (planId: string): IndexStore => {
    const store = stores.get(planId) ?? openIndexStore(pathOf(planId), log);
    stores.set(planId, store);
    return store;
  };
  const remove = (planId: string): void => {
    stores.get(planId)?.close();
    stores.delete(planId);
    removeIndexStore(pathOf(planId));
  };
  return {
    async use(planId, read) {
      const store = open(planId);
      try {
        return await read(store);
      } catch (error) {
        if (!isIndexDamage(error)) throw storeError(error, pathOf(planId));
        log.warn({ err: error, planId }, 'the index of snapshots is damaged and is made anew');
        // Somebody else may have found out first.
        if (stores.get(planId) === store) remove(planId);
        return await read(open(planId));
      }
    },
    remove,
    close() {
      for (const store of stores.values()) store.close();
      stores.clear();
    },
  };
}
