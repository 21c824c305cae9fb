import { join } from 'node:path';
import type { Log } from '../base/log.ts';
import { isIndexDamage, openIndexStore, removeIndexStore } from '../store/index-store.ts';
import type { IndexStore } from '../store/index-types.ts';
import { storeError } from '../store/store-errors.ts';

/** The indexes of all plans, opened when they are needed. */
export interface Shelf {
  /** Hands over a plan's index; one that turns out damaged is made anew, and the reading done again on the empty one. */
  use<T>(planId: string, read: (store: IndexStore) => T | Promise<T>): Promise<T>;
  /** Closes those that nobody used since the last time: an open one holds memory. */
  rest(): void;
  /** Deletes it. */
  remove(planId: string): void;
  close(): void;
}

interface Open {
  readonly store: IndexStore;
  users: number;
  wasUsed: boolean;
}

export function createShelf({ directory, log }: { directory: string; log: Log }): Shelf {
  const opened = new Map<string, Open>();
  const pathOf = (planId: string): string => join(directory, `${planId}.db`);
  const remove = (planId: string): void => {
    opened.get(planId)?.store.close();
    opened.delete(planId);
    removeIndexStore(pathOf(planId));
  };
  const reading = async <T>(planId: string, read: (store: IndexStore) => T | Promise<T>): Promise<T> => {
    const open = opened.get(planId) ?? {
      store: openIndexStore(pathOf(planId), log),
      users: 0,
      wasUsed: true,
    };
    opened.set(planId, open);
    open.users += 1;
    open.wasUsed = true;
    try {
      return await read(open.store);
    } catch (error) {
      // Somebody else may have found out first.
      if (isIndexDamage(error) && opened.get(planId) === open) remove(planId);
      throw error;
    } finally {
      open.users -= 1;
    }
  };
  return {
    async use(planId, read) {
      try {
        return await reading(planId, read);
      } catch (error) {
        if (!isIndexDamage(error)) throw storeError(error, pathOf(planId));
        log.warn({ err: error, planId }, 'the index of snapshots is damaged and is made anew');
        return await reading(planId, read);
      }
    },
    rest() {
      for (const [planId, open] of opened) {
        if (open.users === 0 && !open.wasUsed) {
          open.store.close();
          opened.delete(planId);
        }
        open.wasUsed = false;
      }
    },
    remove,
    close() {
      for (const { store } of opened.values()) store.close();
      opened.clear();
    },
  };
}
