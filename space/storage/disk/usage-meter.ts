/** What is stored: bytes of object content (and of parts not yet assembled), number of objects. */
export interface StoredUsage {
  bytes: number;
  objects: number;
}

/** Counts per account what is stored and what is on its way in, without asking the disk. */
export class UsageMeter {
  readonly #stored = new Map<string, StoredUsage>();
  readonly #incoming = new Map<string, number>();

  constructor(totals: Iterable<StoredUsage & { accountId: string }>) {
    for (const { accountId, bytes, objects } of totals) this.#stored.set(accountId, { bytes, objects });
  }

  stored(accountId: string): StoredUsage {
    return { ...(this.#stored.get(accountId) ?? { bytes: 0, objects: 0 }) };
  }

  /** Stored and announced: what a new write has to fit beside. */
  claimed(accountId: string): number {
    return this.stored(accountId).bytes + (this.#incoming.get(accountId) ?? 0);
  }

  add(accountId: string, change: StoredUsage): void {
    const before = this.stored(accountId);
    this.#stored.set(accountId, {
      bytes: before.bytes + change.bytes,
      objects: before.objects + change.objects,
    });
  }

  /** Claims bytes for a write in progress, so that parallel writes cannot together pass the quota. */
  reserve(accountId: string, bytes: number): () => void {
    this.#incoming.set(accountId, (this.#incoming.get(accountId) ?? 0) + bytes);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = (this.#incoming.get(accountId) ?? 0) - bytes;
      if (left > 0) this.#incoming.set(accountId, left);
      else this.#incoming.delete(accountId);
    };
  }
}
