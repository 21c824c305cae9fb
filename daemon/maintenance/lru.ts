/** Keeps the values asked for last. */
export interface Lru<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  remove(key: string): void;
}

export function createLru<V>(capacity: number): Lru<V> {
  // A Map keeps its keys in the order they were set: the first is the one not used for longest.
  const values = new Map<string, V>();
  return {
    get(key) {
      const value = values.get(key);
      if (value !== undefined) {
        values.delete(key);
        values.set(key, value);
      }
      return value;
    },
    set(key, value) {
      values.delete(key);
      values.set(key, value);
      const [oldest] = values.keys();
      if (values.size > capacity && oldest !== undefined) values.delete(oldest);
    },
    remove: (key) => void values.delete(key),
  };
}
